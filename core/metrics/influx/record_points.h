// The records of a run as points of InfluxDB, a line each in its line protocol.
//
// Measurement: "reprise_" and the record's kind; of what an agent reports by
// class or rank also reprise_class and reprise_rank. Tags of each: run,
// experiment, agent, model, dataset, world_size; where the record has them
// task, test_task and head; class and rank as numbers of three digits and more,
// so that they sort. All else are fields under the names of record_fields.h,
// phases as phase_<name>_seconds, an agent's scalars under their own names, or
// agent_<name> where the record has a field or tag of that name. The time is
// the record's stamp, in ns.
//
// What is unknown or not finite is left out, and so are an integer above
// 2^63 - 1 and an empty tag, which InfluxDB cannot have. A control
// character becomes a space and a backslash in a tag a slash: line protocol has
// no form for them that every version reads alike. A point without fields is no
// point.
#ifndef REPRISE_CORE_METRICS_INFLUX_RECORD_POINTS_H_
#define REPRISE_CORE_METRICS_INFLUX_RECORD_POINTS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/record_fields.h"
#include "core/metrics/record_json.h"
#include "nlohmann/json.hpp"

namespace reprise {

// Not thread-safe.
class RecordPoints {
 public:
  // The lines of a record, each with its line end. `fields` and `timing` are
  // those of its line in metrics.jsonl, so that a line read back makes the same
  // points. A run_start gives the tags of what follows it.
  std::string Of(absl::string_view kind, const std::string& run_id,
                 const nlohmann::ordered_json& fields,
                 const nlohmann::ordered_json& timing);

  template <typename Record>
  std::string Of(const std::string& run_id, const Record& record) {
    nlohmann::ordered_json fields = nlohmann::ordered_json::object();
    nlohmann::ordered_json timing = nlohmann::ordered_json::object();
    AddFields(record, &fields, &timing);
    timing[kUnixSecondsField.name] = record.unix_microseconds / 1e6;
    return Of(RecordKind(record), run_id, fields, timing);
  }

 private:
  std::vector<std::pair<std::string, std::string>> run_tags_;
};

// Gives the lines of each record to `take`, whose failure is the sink's: of
// what ReplayJsonl (jsonl_replay.h) plays, those that the run itself wrote.
class PointSink final : public MetricSink {
 public:
  using Take = std::function<absl::Status(absl::string_view lines)>;
  explicit PointSink(Take take) : take_(std::move(take)) {}

  absl::Status OnRunStart(const RunStart& run) override {
    run_id_ = run.run_id;
    return Give(run);
  }
  absl::Status OnStep(const StepRecord& step) override { return Give(step); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    return Give(epoch);
  }
  absl::Status OnTest(const TestRecord& test) override { return Give(test); }
  absl::Status OnTaskEnd(const TaskRecord& task) override { return Give(task); }
  absl::Status OnRunEnd(const RunEnd& end) override { return Give(end); }

 private:
  template <typename Record>
  absl::Status Give(const Record& record) {
    return take_(points_.Of(run_id_, record));
  }

  const Take take_;
  RecordPoints points_;
  std::string run_id_;
};

// `text` as a measurement, tag or key; empty where it is.
std::string EscapeLineProtocol(absl::string_view text);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_RECORD_POINTS_H_
