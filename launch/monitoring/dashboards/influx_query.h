// One InfluxQL SELECT of a panel (InfluxDB 1.x, and 2.x through its
// compatibility with 1.x). In expressions and conditions a name in braces is a
// field of the measurement, or a column of the inner query:
//
//   InfluxQuery epochs("reprise_train_epoch");
//   epochs.Select("sum({incoming_samples}) * 1.0 / sum({seconds})", "rate")
//       .By({"world_size"});
//
// A name that measurement_table.h does not have ends the program. The query is
// limited to the time range and to the variables of the dashboard by itself:
// run, experiment and agent where the measurement is of runs, else host.
#ifndef REPRISE_LAUNCH_MONITORING_DASHBOARDS_INFLUX_QUERY_H_
#define REPRISE_LAUNCH_MONITORING_DASHBOARDS_INFLUX_QUERY_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/monitoring/points/measurement_table.h"

namespace reprise {

class InfluxQuery {
 public:
  explicit InfluxQuery(absl::string_view measurement);
  // Of what `inner` gives: its columns, which must have names, and its tags.
  static InfluxQuery Of(const InfluxQuery& inner);

  // InfluxQL divides whole numbers of a subquery into whole numbers: multiply
  // by 1.0 first.
  InfluxQuery& Select(absl::string_view expression,
                      absl::string_view column = "");
  InfluxQuery& Where(absl::string_view condition);
  InfluxQuery& By(const std::vector<std::string>& tags);
  // Only these of the dashboard's variables limit it, besides the time range.
  InfluxQuery& ChosenBy(std::vector<std::string> variables);
  // A value for each interval of the panel's time axis that has points.
  InfluxQuery& OverTime();

  std::string Text() const;

  // The first field named in an expression, which gives a panel its unit and
  // description; null of an inner query's column.
  const PointField* first_field() const { return first_field_; }

 private:
  explicit InfluxQuery(const Measurement& measurement)
      : measurement_(&measurement) {}

  // `text` with each {name} checked and quoted.
  std::string Resolve(absl::string_view text, bool is_selected);
  std::string Conditions() const;

  const Measurement* measurement_;
  std::string inner_;  // its text; empty: of the measurement itself
  std::vector<std::string> inner_columns_, inner_tags_;  // what it gives
  std::vector<std::string> selected_, columns_, conditions_, tags_;
  std::vector<std::string> variables_ = {"run", "experiment", "agent", "host"};
  bool over_time_ = false;
  const PointField* first_field_ = nullptr;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_DASHBOARDS_INFLUX_QUERY_H_
