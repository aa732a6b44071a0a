#include "launch/monitoring/dashboards/panel.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

// InfluxDB's plugin, and the dashboard's variable that chooses the server.
Json DataSource() { return {{"type", "influxdb"}, {"uid", "${datasource}"}}; }

Json Legend(bool with_values) {
  return {
      {"displayMode", with_values ? "table" : "list"},
      {"placement", "bottom"},
      {"showLegend", true},
      {"calcs", with_values ? Json::array({"lastNotNull"}) : Json::array()}};
}

Json Tooltip() { return {{"mode", "multi"}, {"sort", "desc"}}; }

Json LastValue() {
  return {{"values", false},
          {"calcs", Json::array({"lastNotNull"})},
          {"fields", ""}};
}

Json LineStyle(absl::string_view stacking) {
  const bool stacked = stacking != "none";
  return {{"drawStyle", "line"},
          {"lineInterpolation", "linear"},
          {"lineWidth", 1},
          {"fillOpacity", stacked ? 40 : 0},
          {"showPoints", "auto"},
          {"pointSize", 5},
          {"spanNulls", true},
          {"stacking", {{"mode", stacking}, {"group", "A"}}}};
}

Json Cells(absl::string_view type) {
  Json cells = {{"type", type}};
  if (type == "color-background") cells["mode"] = "basic";
  return {{"align", "auto"}, {"cellOptions", cells}, {"inspect", false}};
}

Json TableOptions() { return {{"showHeader", true}, {"cellHeight", "sm"}}; }

Json Transformation(absl::string_view id, Json options) {
  return {{"id", id}, {"options", std::move(options)}};
}

Json WithoutTime() {
  return Transformation("organize", {{"excludeByName", {{"Time", true}}}});
}

Json Convert(absl::string_view field, absl::string_view type) {
  return Transformation(
      "convertFieldType",
      {{"conversions", Json::array({Json({{"targetField", field},
                                          {"destinationType", type}})})},
       {"fields", Json::object()}});
}

// Rows in the order of their numbers, which as a tag's text 16 and 2 are not.
Json SortedAsNumbers(absl::string_view tag) {
  return Json::array(
      {Convert(tag, "number"),
       Transformation(
           "sortBy",
           {{"fields", Json::object()},
            {"sort", Json::array({Json({{"field", tag}, {"desc", false}})})}}),
       Convert(tag, "string")});
}

Json ToMatrix(absl::string_view column, absl::string_view rows,
              absl::string_view columns) {
  Json steps = SortedAsNumbers(rows);
  steps.push_back(Transformation("groupingToMatrix", {{"columnField", columns},
                                                      {"rowField", rows},
                                                      {"valueField", column},
                                                      {"emptyValue", "null"}}));
  return steps;
}

}  // namespace

std::string GrafanaUnit(absl::string_view unit) {
  static constexpr struct {
    const char *unit, *id;
  } kUnits[] = {
      {"", "none"},
      {"seconds", "s"},
      {"ratio", "percentunit"},
      {"index", "none"},
      {"ranks", "none"},
      {"tasks", "none"},
      {"epochs", "none"},
      {"steps", "none"},
      {"samples", "short"},
      {"samples/second", "suffix: samples/s"},
      {"bytes", "bytes"},
      {"bytes/second", "binBps"},
      {"packets/second", "pps"},
      {"percent", "percent"},
      {"MiB", "mbytes"},
      {"celsius", "celsius"},
      {"watts", "watt"},
  };
  for (const auto& row : kUnits) {
    if (unit == row.unit) return row.id;
  }
  REPRISE_CHECK(false) << "no unit of Grafana for '" << unit << "'";
  return "";  // not reached
}

PanelBuilder::PanelBuilder(absl::string_view title,
                           std::vector<PanelQuery> queries)
    : title_(title), queries_(std::move(queries)) {
  const PointField* field = queries_.front().query.first_field();
  if (field == nullptr) return;
  unit_ = field->unit;
  description_ = absl::StrCat(field->name, ": ", field->meaning);
}

PanelBuilder& PanelBuilder::Unit(absl::string_view unit) {
  unit_ = std::string(unit);
  return *this;
}

PanelBuilder& PanelBuilder::Describe(absl::string_view description) {
  description_ = std::string(description);
  return *this;
}

PanelBuilder& PanelBuilder::Size(int width, int height) {
  width_ = width;
  height_ = height;
  return *this;
}

PanelBuilder& PanelBuilder::UpTo(double maximum) {
  has_maximum_ = true;
  maximum_ = maximum;
  return *this;
}

PanelBuilder& PanelBuilder::RepeatBy(absl::string_view variable) {
  repeat_ = std::string(variable);
  return *this;
}

Panel PanelBuilder::Make(absl::string_view type, absl::string_view format,
                         Json custom, Json options) const {
  Json defaults = {{"unit", GrafanaUnit(unit_)}};
  if (has_maximum_) {
    defaults["min"] = 0;
    defaults["max"] = maximum_;
  }
  if (!custom.empty()) defaults["custom"] = std::move(custom);
  Json targets = Json::array();
  for (const PanelQuery& query : queries_) {
    Json target = {
        {"refId", std::string(1, static_cast<char>('A' + targets.size()))},
        {"datasource", DataSource()},
        {"rawQuery", true},
        {"query", query.query.Text()},
        {"resultFormat", format}};
    if (!query.name.empty()) target["alias"] = query.name;
    targets.push_back(std::move(target));
  }
  Panel panel{title_, description_, width_, height_, {}};
  panel.json = {
      {"type", type},
      {"datasource", DataSource()},
      {"fieldConfig",
       {{"defaults", std::move(defaults)}, {"overrides", Json::array()}}},
      {"options", std::move(options)},
      {"targets", std::move(targets)}};
  if (!repeat_.empty()) {
    panel.json["repeat"] = repeat_;
    panel.json["repeatDirection"] = "h";
    panel.json["maxPerRow"] = 3;
  }
  return panel;
}

Panel PanelBuilder::Lines() const {
  return Make("timeseries", "time_series", LineStyle("none"),
              {{"legend", Legend(true)}, {"tooltip", Tooltip()}});
}

Panel PanelBuilder::MakeStacked(absl::string_view mode) const {
  return Make("timeseries", "time_series", LineStyle(mode),
              {{"legend", Legend(false)}, {"tooltip", Tooltip()}});
}

Panel PanelBuilder::StackedShares() const { return MakeStacked("percent"); }

Panel PanelBuilder::StackedLines() const { return MakeStacked("normal"); }

Panel PanelBuilder::Numbers() const {
  return Make("stat", "time_series", {},
              {{"reduceOptions", LastValue()},
               {"orientation", "auto"},
               {"textMode", "value_and_name"},
               {"colorMode", "value"},
               {"graphMode", "none"},
               {"justifyMode", "auto"}});
}

Panel PanelBuilder::Gauge() const {
  return Make("bargauge", "time_series", {},
              {{"reduceOptions", LastValue()},
               {"orientation", "horizontal"},
               {"displayMode", "basic"},
               {"valueMode", "color"},
               {"showUnfilled", true}});
}

Panel PanelBuilder::Table() const {
  Panel panel = Make("table", "table", Cells("auto"), TableOptions());
  panel.json["transformations"] = Json::array({WithoutTime()});
  return panel;
}

Panel PanelBuilder::Matrix(absl::string_view column, absl::string_view rows,
                           absl::string_view columns) const {
  Panel panel =
      Make("table", "table", Cells("color-background"), TableOptions());
  panel.json["fieldConfig"]["defaults"]["color"] = {
      {"mode", "continuous-RdYlGr"}};
  panel.json["transformations"] = ToMatrix(column, rows, columns);
  return panel;
}

Panel PanelBuilder::Bars(absl::string_view column, absl::string_view rows,
                         absl::string_view columns) const {
  Panel panel =
      Make("barchart", "table", {{"lineWidth", 1}, {"fillOpacity", 80}},
           {{"orientation", "auto"},
            {"xTickLabelRotation", 0},
            {"xTickLabelSpacing", 0},
            {"showValue", "auto"},
            {"stacking", "none"},
            {"groupWidth", 0.7},
            {"barWidth", 0.97},
            {"legend", Legend(false)},
            {"tooltip", Tooltip()}});
  panel.json["transformations"] = ToMatrix(column, rows, columns);
  return panel;
}

Panel PanelBuilder::TableWithQuotients(
    absl::string_view rows, const std::vector<Quotient>& quotients) const {
  Panel panel = Table();
  Json steps = SortedAsNumbers(rows);
  steps.erase(steps.size() - 1);  // stays a number
  for (const Quotient& quotient : quotients) {
    steps.push_back(
        Transformation("calculateField", {{"mode", "binary"},
                                          {"alias", quotient.name},
                                          {"binary",
                                           {{"left", quotient.left},
                                            {"operator", "/"},
                                            {"right", quotient.right},
                                            {"reducer", "sum"}}},
                                          {"replaceFields", false}}));
  }
  steps.push_back(WithoutTime());
  panel.json["transformations"] = std::move(steps);
  return panel;
}

}  // namespace reprise
