#include "core/metrics/upstream_json/upstream_json_sink.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/metrics/meters.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kUpstreamKeys[] = {"yaml_config",
                                         "config",
                                         "dataset",
                                         "dataset_dir",
                                         "tasksets_config",
                                         "shard",
                                         "agent",
                                         "agent_config",
                                         "model",
                                         "model_config",
                                         "checkpoint",
                                         "batch_size",
                                         "eval_batch_size",
                                         "batches_per_allreduce",
                                         "dataloader_workers",
                                         "epochs",
                                         "no_evaluate",
                                         "lr",
                                         "momentum",
                                         "optimizer",
                                         "no_cuda",
                                         "seed",
                                         "log_interval",
                                         "fp16_allreduce",
                                         "use_adasum",
                                         "gradient_predivide_factor",
                                         "weight_decay",
                                         "results_dir",
                                         "save_dir",
                                         "tensorboard",
                                         "tensorwatch",
                                         "tensorwatch_port",
                                         "cuda",
                                         "evaluate",
                                         "gpus"};

absl::Status ReplaceJsonFile(const std::string& path, const Json& json) {
  const std::string text =
      json.dump(1, ' ', false, Json::error_handler_t::replace);
  return ReplaceFile(path, {text});
}

// To the ten decimals that upstream writes; null if not a number.
Json Rounded(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::round(value * 1e10) / 1e10;
}

Json Rounded(const std::optional<double>& value) {
  return value.has_value() ? Rounded(*value) : Json(nullptr);
}

Json Percent(const std::optional<double>& share) {
  return share.has_value() ? Rounded(*share * 100) : Json(nullptr);
}

Json ErrorPercent(const std::optional<double>& share) {
  return share.has_value() ? Rounded(100 - *share * 100) : Json(nullptr);
}

class UpstreamJsonSink final : public MetricSink {
 public:
  explicit UpstreamJsonSink(const std::string& folder) : folder_(folder) {}

  absl::Status OnRunStart(const RunStart& run) override {
    generated_data_ = run.generated_data;
    return absl::OkStatus();
  }

  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    ThroughputMeter throughput;
    throughput.Add(epoch.incoming_samples, epoch.seconds);
    AddRecord({{"task_id", epoch.task + 1},
               {"epoch", epoch.epoch_of_run + 1},
               {"steps", epoch.steps_of_run},
               {"train_loss", Rounded(epoch.loss)},
               {"train_prec1", Percent(epoch.top1)},
               {"train_prec5", Percent(epoch.top5)},
               {"train_error1", ErrorPercent(epoch.top1)},
               {"train_error5", ErrorPercent(epoch.top5)},
               {"train_time", Rounded(epoch.seconds)},
               {"train_step_count", epoch.steps},
               {"train_img_sec",
                Rounded(throughput.ImagesPerSecondOfRank(epoch.world_size))},
               {"train_total_img_sec", Rounded(throughput.ImagesPerSecond())}},
              &epochs_);
    return ReplaceJsonFile(folder_ + "/dl_metrics.json", epochs_);
  }

  absl::Status OnTest(const TestRecord& test) override {
    if (!test.primary) return absl::OkStatus();
    tests_of_task_.push_back({{"test_task_id", test.test_task + 1},
                              {"epoch", test.epoch},
                              {"test_loss", Rounded(test.loss)},
                              {"test_prec1", Percent(test.top1)},
                              {"test_prec5", Percent(test.top5)},
                              {"test_error1", ErrorPercent(test.top1)},
                              {"test_error5", ErrorPercent(test.top5)},
                              {"test_time", Rounded(test.seconds)},
                              {"test_step_count", test.steps}});
    return absl::OkStatus();
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    AddRecord({{"task_id", task.task + 1},
               {"test_task_metrics", std::move(tests_of_task_)},
               {"time", Rounded(task.seconds)}},
              &tasks_);
    tests_of_task_ = Json::array();
    return ReplaceJsonFile(folder_ + "/tasks_metrics.json", tasks_);
  }

  absl::Status OnRunEnd(const RunEnd& run) override {
    ThroughputMeter throughput;
    throughput.Add(run.incoming_samples, run.training_seconds);
    Json records = Json::array();
    AddRecord(
        {{"total_time", Rounded(run.seconds)},
         {"training img_sec",
          Rounded(throughput.ImagesPerSecondOfRank(run.world_size))},
         {"training total_img_sec", Rounded(throughput.ImagesPerSecond())}},
        &records);
    return ReplaceJsonFile(folder_ + "/time_metrics.json", records);
  }

 private:
  void AddRecord(Json record, Json* records) const {
    if (generated_data_) record["generated_data"] = true;
    records->push_back(std::move(record));
  }

  const std::string folder_;
  bool generated_data_ = false;
  Json epochs_ = Json::array();
  Json tasks_ = Json::array();
  Json tests_of_task_ = Json::array();
};

}  // namespace

absl::Status WriteUpstreamArgs(const std::string& folder,
                               const std::vector<UpstreamArgument>& arguments,
                               const UpstreamRunFacts& facts) {
  Json given = Json::object();
  for (const UpstreamArgument& argument : arguments) {
    Json value = Json::parse(argument.value_json, nullptr,
                             /*allow_exceptions=*/false);
    if (value.is_discarded()) {
      return absl::InternalError(
          absl::StrCat("the value of ", argument.name,
                       " is not JSON: ", argument.value_json));
    }
    given[absl::StrReplaceAll(argument.name, {{"-", "_"}})] = std::move(value);
  }
  given["cuda"] = facts.cuda;
  given["gpus"] = facts.world_size;
  if (given.contains("no_evaluate")) {
    given["evaluate"] = given["no_evaluate"] != true;
  }
  if (!given.contains("tensorwatch")) given["tensorwatch"] = false;
  if (!given.contains("tensorwatch_port")) given["tensorwatch_port"] = 0;

  Json args = Json::object();
  std::vector<absl::string_view> missing;
  for (const char* key : kUpstreamKeys) {
    if (given.contains(key)) {
      args[key] = given[key];
    } else {
      missing.push_back(key);
    }
  }
  if (!missing.empty()) {
    return absl::InternalError(
        absl::StrCat("args.json would lack ", absl::StrJoin(missing, ", ")));
  }
  for (auto& [key, value] : given.items()) {
    if (!args.contains(key)) args[key] = std::move(value);
  }
  if (facts.generated_data) args["generated_data"] = true;
  return ReplaceJsonFile(folder + "/args.json", args);
}

std::unique_ptr<MetricSink> MakeUpstreamJsonSink(const std::string& folder) {
  return std::make_unique<UpstreamJsonSink>(folder);
}

}  // namespace reprise
