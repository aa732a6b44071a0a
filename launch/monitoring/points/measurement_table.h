// The InfluxDB measurements that dashboards ask for: those of runs, made of the
// schema of records (core/metrics/record_fields.h) as the InfluxDB sink makes
// points of them, and those of hosts, as Telegraf's inputs write them.
//
// A name that the schema loses is gone from here too, and what asks for it
// ends the program: a dashboard cannot have an empty panel for that reason.
#ifndef REPRISE_LAUNCH_MONITORING_POINTS_MEASUREMENT_TABLE_H_
#define REPRISE_LAUNCH_MONITORING_POINTS_MEASUREMENT_TABLE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

struct PointField {
  std::string name;
  // Of a record: RecordField's. Of a host: "percent", "bytes", "MiB",
  // "celsius", "watts", "words" (of four bytes) or, of a count, empty.
  std::string unit;
  std::string meaning;
};

struct Measurement {
  std::string name;
  std::vector<std::string> tags;
  std::vector<PointField> fields;

  bool HasTag(absl::string_view tag) const;
  // Null where there is none.
  const PointField* FindField(absl::string_view field) const;
  // Its existence is an invariant.
  const PointField& FieldNamed(absl::string_view field) const;
};

// reprise_<kind of record> of each kind, then reprise_class and reprise_rank,
// which hold what an agent reports by class and by rank at the end of a task.
const std::vector<Measurement>& RunMeasurements();

// Of the inputs in the configuration of Telegraf (server/server_files.h) what
// dashboards use, as the inputs' documentation names it.
const std::vector<Measurement>& HostMeasurements();

// Of either; its existence is an invariant.
const Measurement& MeasurementNamed(absl::string_view name);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MONITORING_POINTS_MEASUREMENT_TABLE_H_
