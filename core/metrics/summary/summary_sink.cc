#include "core/metrics/summary/summary_sink.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "core/base/file.h"
#include "core/metrics/accuracy_matrix.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

Json Nullable(const std::optional<double>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json HeadJson(const HeadMatrices::Head& head) {
  const AccuracyMatrix& matrix = head.matrix;
  Json json = {{"name", head.name},
               {"primary", head.primary},
               {"accuracy_matrix", Json::array()},
               {"task_mean_by_task", Json::array()},
               {"sample_mean_by_task", Json::array()}};
  for (int64_t i = 0; i < matrix.num_tasks(); ++i) {
    Json row = Json::array();
    for (int64_t j = 0; j <= i; ++j) row.push_back(Nullable(matrix.At(i, j)));
    json["accuracy_matrix"].push_back(std::move(row));
    json["task_mean_by_task"].push_back(Nullable(matrix.TaskMean(i)));
    json["sample_mean_by_task"].push_back(Nullable(matrix.SampleMean(i)));
  }
  for (const AccuracyMatrix::Measure& measure : matrix.Measures()) {
    json[measure.name] = {{"value", Nullable(measure.value)},
                          {"formula", measure.formula}};
  }
  return json;
}

class SummarySink final : public MetricSink {
 public:
  explicit SummarySink(const std::string& folder) : folder_(folder) {}

  absl::Status OnRunStart(const RunStart& run) override {
    run_ = run;
    heads_ = HeadMatrices(run.num_tasks);
    return absl::OkStatus();
  }

  absl::Status OnTest(const TestRecord& test) override {
    heads_.Add(test);
    return absl::OkStatus();
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    tasks_.push_back({{"task", task.task},
                      {"seconds", task.seconds},
                      {"agent",
                       {{"by_class", task.agent.by_class},
                        {"by_rank", task.agent.by_rank},
                        {"scalars", task.agent.scalars}}}});
    return absl::OkStatus();
  }

  absl::Status OnRunEnd(const RunEnd& end) override {
    Json heads = Json::array();
    for (const HeadMatrices::Head& head : heads_.heads()) {
      heads.push_back(HeadJson(head));
    }
    Json phases = Json::object();
    for (int phase = 0; phase < kNumPhases; ++phase) {
      phases[PhaseName(static_cast<Phase>(phase))] = end.phase_seconds[phase];
    }
    const Json summary = {
        {"schema", 1},
        {"experiment", run_.experiment},
        {"agent", run_.agent},
        {"model", run_.model},
        {"dataset", run_.dataset},
        {"generated_data", run_.generated_data},
        {"seed", run_.seed},
        {"world_size", run_.world_size},
        {"num_tasks", run_.num_tasks},
        {"epochs_per_task", run_.epochs_per_task},
        {"matrix_rows",
         "row i, column j: top1 accuracy a(i,j) in [0,1] on "
         "task j's test set after task i, j <= i"},
        {"heads", std::move(heads)},
        {"seconds", end.seconds},
        {"training_seconds", end.training_seconds},
        {"overlap_share", end.overlap_share},
        {"incoming_samples", end.incoming_samples},
        // Of a run without training, 0 / 0 is dumped as null.
        {"images_per_second",
         static_cast<double>(end.incoming_samples) / end.training_seconds},
        {"phase_seconds", std::move(phases)},
        {"tasks", std::move(tasks_)}};
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
