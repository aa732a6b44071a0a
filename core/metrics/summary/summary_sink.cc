#include "core/metrics/summary/summary_sink.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/meters.h"
#include "core/metrics/record_fields.h"
#include "core/metrics/record_json.h"
#include "core/metrics/summary/head_json.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

// All fields of a record.
template <typename Record>
Json FieldsOf(const Record& record) {
  Json fields = Json::object();
  AddFields(record, &fields, /*timing=*/&fields);
  return fields;
}

// Copies the named fields, in the order of the names.
void CopyFields(const Json& from, const std::vector<const char*>& names,
                Json* to) {
  for (const char* name : names) {
    REPRISE_CHECK(from.contains(name)) << name;
    (*to)[name] = from[name];
  }
}

class SummarySink final : public MetricSink {
 public:
  explicit SummarySink(const std::string& folder) : folder_(folder) {}

  absl::Status OnRunStart(const RunStart& run) override {
    run_ = run;
    heads_ = HeadMatrices(run.num_tasks);
    tasks_ = Json::array();
    return absl::OkStatus();
  }

  absl::Status OnTest(const TestRecord& test) override {
    heads_.Add(test);
    return absl::OkStatus();
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    Json json;
    CopyFields(FieldsOf(task), {"task", "seconds", "agent"}, &json);
    tasks_.push_back(std::move(json));
    return absl::OkStatus();
  }

  absl::Status OnRunEnd(const RunEnd& end) override {
    Json heads = Json::array();
    for (const HeadMatrices::Head& head : heads_.heads()) {
      heads.push_back(HeadJson(head));
    }
    ThroughputMeter throughput;
    throughput.Add(end.incoming_samples, end.training_seconds);
    const Json run_fields = FieldsOf(run_), end_fields = FieldsOf(end);
    Json summary = {{kSchemaField.name, 1}, {kRunField.name, run_.run_id}};
    CopyFields(run_fields,
               {"experiment", "agent", "model", "dataset", "generated_data",
                "seed", "world_size", "num_tasks", "epochs_per_task"},
               &summary);
    summary["matrix_rows"] =
        "row i, column j: top1 accuracy a(i,j) in [0,1] on "
        "task j's test set after task i, j <= i";
    summary["heads"] = std::move(heads);
    CopyFields(end_fields,
               {"seconds", "training_seconds", "sink_seconds", "overlap_share",
                "incoming_samples"},
               &summary);
    summary["images_per_second"] = JsonOf(throughput.ImagesPerSecond());
    CopyFields(end_fields, {"phase_seconds"}, &summary);
    summary["tasks"] = tasks_;
    // A number that is not finite is dumped as null.
    const std::string text =
        summary.dump(1, ' ', false, Json::error_handler_t::replace);
    return ReplaceFile(folder_ + "/summary.json", {text, "\n"});
  }

 private:
  const std::string folder_;
  RunStart run_;
  HeadMatrices heads_{1};
  Json tasks_ = Json::array();
};

}  // namespace

std::unique_ptr<MetricSink> MakeSummarySink(const std::string& folder) {
  return std::make_unique<SummarySink>(folder);
}

}  // namespace reprise
