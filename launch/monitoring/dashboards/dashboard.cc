#include "launch/monitoring/dashboards/dashboard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "launch/monitoring/dashboards/influx_query.h"
#include "launch/monitoring/points/measurement_table.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kColumns = 24;
constexpr int kRowHeight = 1;  // of a row's title

Json DataSource(absl::string_view variable) {
  return {{"type", "influxdb"}, {"uid", absl::StrCat("${", variable, "}")}};
}

// Which server: any that Grafana has, at first the provisioned one.
Json DataSourceVariable(absl::string_view name, absl::string_view label,
                        absl::string_view uid) {
  return {{"type", "datasource"},
          {"name", name},
          {"label", label},
          {"query", "influxdb"},
          {"regex", ""},
          {"current", {{"selected", true}, {"text", uid}, {"value", uid}}},
          {"hide", 0},
          {"includeAll", false},
          {"multi", false},
          {"refresh", 1}};
}

// The values of a tag, at any time.
std::string ValuesOfTag(absl::string_view measurement, absl::string_view tag,
                        absl::string_view condition) {
  return absl::StrCat("SHOW TAG VALUES FROM \"",
                      MeasurementNamed(measurement).name, "\" WITH KEY = \"",
                      tag, "\"", condition.empty() ? "" : " WHERE ", condition);
}

// Those that have reported within the time range: of all that the database ever
// had, a panel for each run would be too many.
std::string RunsInTimeRange() {
  InfluxQuery reports("reprise_step");
  reports.Select("last({run_fraction})", "progress")
      .By({"run"})
      .ChosenBy({"experiment", "agent"});
  InfluxQuery runs = InfluxQuery::Of(reports);
  runs.Select("distinct({run})");
  return runs.Text();
}

Json Variables(const Dashboard& dashboard) {
  Json list = Json::array();
  if (dashboard.subject == Dashboard::Subject::kRuns) {
    list.push_back(
        DataSourceVariable("datasource", "data source", kRunDataSource));
    list.push_back(
        QueryVariable("experiment", "experiment",
                      ValuesOfTag("reprise_run_start", "experiment", "")));
    list.push_back(QueryVariable(
        "agent", "agent",
        ValuesOfTag("reprise_run_start", "agent",
                    "\"experiment\" =~ /^${experiment:regex}$/")));
    list.push_back(QueryVariable("run", "run", RunsInTimeRange()));
  } else {
    list.push_back(
        DataSourceVariable("datasource", "data source", kHostDataSource));
    list.push_back(DataSourceVariable("runs", "runs", kRunDataSource));
    list.push_back(
        QueryVariable("host", "host", ValuesOfTag("system", "host", "")));
  }
  for (const Json& variable : dashboard.variables) list.push_back(variable);
  return list;
}

// A mark where a task of a run ended, with task, agent and run.
Json TaskEnds(const Dashboard& dashboard) {
  const bool of_runs = dashboard.subject == Dashboard::Subject::kRuns;
  const Json source = DataSource(of_runs ? "datasource" : "runs");
  InfluxQuery query("reprise_task_end");
  query.Select("{seconds}").Select("{task}").Select("{agent}").Select("{run}");
  if (!of_runs) query.ChosenBy({});  // those are hosts
  return {{"name", "Task ends"},
          {"datasource", source},
          {"enable", true},
          {"hide", false},
          {"iconColor", "purple"},
          {"target",
           {{"refId", "TaskEnds"},
            {"fromAnnotations", true},
            {"rawQuery", true},
            {"query", query.Text()},
            {"titleColumn", "agent"},
            {"textColumn", "task"},
            {"tagsColumn", "run"}}}};
}

// Places the panels of a row from `y` on; returns the y below them.
int PlaceRow(const DashboardRow& row, int y, Json* panels) {
  const auto place = [&](Json panel, int x, int width, int height) {
    panel["id"] = panels->size() + 1;
    panel["gridPos"] = {{"h", height}, {"w", width}, {"x", x}, {"y", y}};
    panels->push_back(std::move(panel));
  };
  place({{"type", "row"},
         {"title", row.title},
         {"collapsed", false},
         {"panels", Json::array()}},
        0, kColumns, kRowHeight);
  y += kRowHeight;
  int x = 0, line_height = 0;
  for (const Panel& panel : row.panels) {
    if (x + panel.width > kColumns) {
      x = 0;
      y += std::exchange(line_height, 0);
    }
    Json json = panel.json;
    json["title"] = panel.title;
    json["description"] = panel.description;
    place(std::move(json), x, panel.width, panel.height);
    x += panel.width;
    line_height = std::max(line_height, panel.height);
  }
  return y + line_height;
}

}  // namespace

Json QueryVariable(absl::string_view name, absl::string_view label,
                   absl::string_view query) {
  return {
      {"type", "query"},
      {"name", name},
      {"label", label},
      {"datasource", DataSource("datasource")},
      {"query", query},
      {"regex", ""},
      {"current", {{"selected", true}, {"text", "All"}, {"value", "$__all"}}},
      {"hide", 0},
      {"includeAll", true},
      {"allValue", ".*"},
      {"multi", true},
      {"refresh", 2},  // with the time range
      {"sort", 1}};
}

Json HiddenVariable(absl::string_view name, absl::string_view query) {
  Json variable = QueryVariable(name, name, query);
  variable["hide"] = 2;
  variable["includeAll"] = false;
  variable["multi"] = false;
  variable.erase("allValue");
  variable.erase("current");
  return variable;
}

Json Dashboard::ToJson() const {
  Json panels = Json::array();
  int y = 0;
  for (const DashboardRow& row : rows) y = PlaceRow(row, y, &panels);
  return {{"uid", uid},
          {"title", title},
          {"description", description},
          {"tags", Json::array({"reprise"})},
          {"schemaVersion", 38},
          {"version", 1},
          {"editable", true},
          {"graphTooltip", 1},  // one cursor over all panels
          {"timezone", "browser"},
          {"time", {{"from", from}, {"to", "now"}}},
          {"refresh", refresh},
          {"templating", {{"list", Variables(*this)}}},
          {"annotations", {{"list", Json::array({TaskEnds(*this)})}}},
          {"links", Json::array({Json({{"type", "dashboards"},
                                       {"title", "Reprise"},
                                       {"tags", Json::array({"reprise"})},
                                       {"asDropdown", true},
                                       {"includeVars", true},
                                       {"keepTime", true}})})},
          {"panels", std::move(panels)}};
}

}  // namespace reprise
