// Panels of Grafana dashboards: what each asks, in which unit it shows it, and
// how wide it is. Made by the functions below and read by dashboard.h, which
// places them; their JSON is that of Grafana 10 (schemaVersion 38).
#ifndef REPRISE_LAUNCH_MONITORING_DASHBOARDS_PANEL_H_
#define REPRISE_LAUNCH_MONITORING_DASHBOARDS_PANEL_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/monitoring/dashboards/influx_query.h"
#include "nlohmann/json.hpp"

namespace reprise {

// A query and how its series are called ("$tag_agent $tag_run"); without a name
// by their tags.
struct PanelQuery {
  InfluxQuery query;
  std::string name;
};

// The column `name` = left / right. Each of these is a column, also of a
// quotient before, the tag of the rows, or a variable ("$baseline"), without
// whose value there is no such column.
struct Quotient {
  std::string name, left, right;
};

struct Panel {
  std::string title;
  std::string description;
  int width = 12;  // of 24 columns
  int height = 8;
  nlohmann::ordered_json json;  // without id, gridPos, title, description
};

// Unit of the schema to Grafana's unit id; the unit's existence is an
// invariant.
std::string GrafanaUnit(absl::string_view unit);

// The unit and the description of all panels below are those of the first field
// of the first query, as the schema has them, unless they are set by these.
class PanelBuilder {
 public:
  PanelBuilder(absl::string_view title, std::vector<PanelQuery> queries);

  PanelBuilder& Unit(absl::string_view unit);  // of the schema
  PanelBuilder& Describe(absl::string_view description);
  PanelBuilder& Size(int width, int height);
  // Shown from 0 to this.
  PanelBuilder& UpTo(double maximum);
  // Once for each value of a variable of the dashboard that is chosen.
  PanelBuilder& RepeatBy(absl::string_view variable);

  // A curve of each series over time.
  Panel Lines() const;
  // The same, stacked on each other; as shares of their sum.
  Panel StackedShares() const;
  Panel StackedLines() const;
  // The last value of each series, as a number or as a bar.
  Panel Numbers() const;
  Panel Gauge() const;
  // A row for each group of tags, a column for each tag and expression.
  Panel Table() const;
  // The query's values `column` with a row for each value of the tag `rows` and
  // a column for each of the tag `columns`: as a table coloured by value, or as
  // groups of bars.
  Panel Matrix(absl::string_view column, absl::string_view rows,
               absl::string_view columns) const;
  Panel Bars(absl::string_view column, absl::string_view rows,
             absl::string_view columns) const;
  // As Table, in the order of the tag `rows`, which holds a number, with a
  // further column for each quotient. Grafana divides: InfluxQL cannot divide
  // by a tag, nor by a variable that may have no value.
  Panel TableWithQuotients(absl::string_view rows,
                           const std::vector<Quotient>& quotients) const;

 private:
  Panel Make(absl::string_view type, absl::string_view format,
             nlohmann::ordered_json custom,
             nlohmann::ordered_json options) const;
  Panel MakeStacked(absl::string_view mode) const;

  std::string title_, description_, unit_, repeat_;
  std::vector<PanelQuery> queries_;
  int width_ = 12, height_ = 8;
  bool has_maximum_ = false;
  double maximum_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_DASHBOARDS_PANEL_H_
