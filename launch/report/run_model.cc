#include "launch/report/run_model.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/confusion/confusion_matrix.h"
#include "core/metrics/meters.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/record_json.h"
#include "core/metrics/run_json.h"
#include "core/metrics/summary/head_json.h"
#include "launch/report/run_settings/run_settings.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

template <typename Record>
Json FieldsOf(const Record& record) {
  Json fields = Json::object();
  AddFields(record, &fields, /*timing=*/&fields);
  return fields;
}

// A table of more classes is beyond a reader, and soon beyond a browser.
constexpr size_t kMostClasses = 200;

// Of the last task whose tests have counted it.
Json ConfusionJson(const RunFolder& run, const std::string& head) {
  int64_t task = -1;
  ConfusionMatrix matrix;
  for (const TestRecord& test : run.tests) {
    if (test.head != head || test.task < task || !test.confusion.has_value()) {
      continue;
    }
    if (test.task > task) matrix = ConfusionMatrix();
    task = test.task;
    matrix.Add(*test.confusion);
  }
  const std::vector<int64_t> truths = matrix.TrueClasses();
  const std::vector<int64_t> predictions = matrix.PredictedClasses();
  if (truths.empty()) return nullptr;
  Json json = {{"task", task},
               {"classes", predictions.size()},
               {"true_classes", Json::array()},
               {"predicted_classes", Json::array()},
               {"counts", Json::array()}};
  if (predictions.size() > kMostClasses) return json;
  for (const int64_t taken : predictions) {
    json["predicted_classes"].push_back(
        taken == kNoClass ? "none" : absl::StrCat(taken));
  }
  for (const int64_t truth : truths) {
    json["true_classes"].push_back(absl::StrCat(truth));
    Json row = Json::array();
    for (const int64_t taken : predictions) {
      row.push_back(matrix.At(truth, taken));
    }
    json["counts"].push_back(std::move(row));
  }
  return json;
}

Json HeadsJson(const RunFolder& run) {
  std::map<std::string, Json> tests;
  for (const TestRecord& test : run.tests) {
    tests[test.head].push_back({{"task", test.task},
                                {"test_task", test.test_task},
                                {"epoch", test.epoch},
                                {"top1", JsonOf(test.top1)}});
  }
  Json heads = Json::array();
  for (const HeadMatrices::Head& head : run.heads.heads()) {
    Json json = HeadJson(head);
    json["tests"] = tests[head.name];
    json["confusion"] = ConfusionJson(run, head.name);
    heads.push_back(std::move(json));
  }
  return heads;
}

Json EpochsJson(const RunFolder& run) {
  Json epochs = Json::array();
  for (const TrainEpochRecord& epoch : run.epochs) {
    ThroughputMeter throughput;
    throughput.Add(epoch.incoming_samples, epoch.seconds);
    Json json = FieldsOf(epoch);
    json["images_per_second"] = JsonOf(throughput.ImagesPerSecond());
    epochs.push_back(std::move(json));
  }
  return epochs;
}

// Where in the run and with which loss; of what is not known, nothing.
Json StepsJson(const RunFolder& run) {
  Json steps = Json::array();
  for (const StepRecord& step : run.steps) {
    if (step.steps_in_epoch < 1) continue;
    const double in_epoch = static_cast<double>(step.step + 1) /
                            static_cast<double>(step.steps_in_epoch);
    steps.push_back(
        {{"epochs", static_cast<double>(step.task) *
                            static_cast<double>(run.start->epochs_per_task) +
                        static_cast<double>(step.epoch) + in_epoch},
         {"loss", JsonOf(step.loss_so_far)}});
  }
  return steps;
}

Json TasksJson(const RunFolder& run) {
  Json tasks = Json::array();
  for (const TaskRecord& task : run.task_ends) tasks.push_back(FieldsOf(task));
  return tasks;
}

// Of the whole run, or of its epochs so far.
void AddTotals(const RunFolder& run, Json* model) {
  int64_t samples = 0;
  double seconds = 0;
  for (const TrainEpochRecord& epoch : run.epochs) {
    samples += epoch.incoming_samples;
    seconds += epoch.seconds;
  }
  if (run.end.has_value()) {
    samples = run.end->incoming_samples;
    seconds = run.end->training_seconds;
  }
  const bool is_known = run.end.has_value() || !run.epochs.empty();
  (*model)["incoming_samples"] = is_known ? Json(samples) : Json();
  (*model)["training_seconds"] = is_known ? Json(seconds) : Json();
  (*model)["images_per_second"] = JsonOf(run.images_per_second());
  (*model)["overlap_share"] =
      run.end.has_value() ? Json(run.end->overlap_share) : Json();
  (*model)["phases"] = Json::array();
  const Json phases = JsonOf(PhaseSeconds());
  for (const auto& [name, unused] : phases.items()) {
    (*model)["phases"].push_back(name);
  }
  (*model)["phase_seconds"] =
      run.end.has_value() ? JsonOf(run.end->phase_seconds) : Json();
}

template <typename Value>
Json At(const std::vector<Value>& values, size_t i) {
  return i < values.size() ? Json(values[i]) : Json();
}

// Those of which something is said.
Json RanksJson(const RunInfo& info) {
  Json ranks = Json::array();
  const size_t count = std::max(info.hosts.size(), info.devices.size());
  for (size_t rank = 0; rank < count; ++rank) {
    ranks.push_back({{"rank", rank},
                     {"host", At(info.hosts, rank)},
                     {"device", At(info.devices, rank)},
                     {"cores", At(info.cores, rank)},
                     {"threads", At(info.threads, rank)}});
  }
  return ranks;
}

Json SettingsJson(const RunInfo& info) {
  Json settings = Json::array();
  for (const RunInfo::Setting& setting : info.settings) {
    settings.push_back({{"name", setting.name},
                        {"value", SettingText(setting.value_json)},
                        {"origin", setting.origin}});
  }
  return settings;
}

// "a, b (3 ranks)": of neighbours that are equal, how many.
std::string ByRanks(const std::vector<std::string>& values) {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const std::string& value : values) {
    if (counts.empty() || counts.back().first != value) {
      counts.emplace_back(value, 0);
    }
    ++counts.back().second;
  }
  return absl::StrJoin(counts, ", ", [](std::string* out, const auto& one) {
    absl::StrAppend(out, one.first);
    if (one.second > 1) absl::StrAppend(out, " (", one.second, " ranks)");
  });
}

std::string StartedText(const RunJson& run) {
  if (run.started == absl::InfinitePast()) return "";
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", run.started,
                          absl::UTCTimeZone());
}

Json TextOrNull(const std::string& text) {
  return text.empty() || text == "unknown" ? Json() : Json(text);
}

Json ProvenanceJson(const RunFolder& run) {
  const RunInfo& info = run.run.info;
  std::vector<std::string> digests;
  for (const auto& [file, digest] : info.data_digests) {
    digests.push_back(absl::StrCat(digest, "  ", file));
  }
  const auto counted = [](int64_t count) {
    return count == 0 ? std::string() : absl::StrCat(count);
  };
  Json rows = Json::array();
  for (const auto& [name, value] :
       std::initializer_list<std::pair<const char*, std::string>>{
           {"run", run.id()},
           {"folder", run.path},
           {"started", StartedText(run.run)},
           {"process",
            absl::StrCat(counted(run.run.pid), " on ", run.run.host)},
           {"commit", info.commit},
           {"version", info.version},
           {"build", info.build_flags},
           {"communication", info.communicator},
           {"hosts", ByRanks(info.hosts)},
           {"devices", ByRanks(info.devices)},
           {"data", info.data_source},
           {"data digests", absl::StrJoin(digests, "\n")},
           {"network", info.model},
           {"parameters", counted(info.parameters)},
           {"memory format", info.memory_format},
           {"chosen by", info.memory_format_origin},
           {"OpenMP's threads wait", info.openmp_wait},
       }) {
    rows.push_back({{"name", name}, {"value", TextOrNull(value)}});
  }
  return rows;
}

}  // namespace

nlohmann::ordered_json RunModel(const RunFolder& run) {
  const RunInfo& info = run.run.info;
  // A run that fails before its first record has run.json alone, or its claim.
  const bool has_start = run.start.has_value();
  const bool has_info = run.run.is_complete;
  const auto started = [&](const auto& value) {
    return has_start ? Json(value) : Json();
  };
  const RunStart start = run.start.value_or(RunStart());
  const int world_size = has_start ? start.world_size : info.world_size;
  const size_t slash = run.path.find_last_not_of('/');
  const std::string path = run.path.substr(0, slash + 1);
  Json model = {
      {"name", path.substr(path.rfind('/') + 1)},
      {"folder", run.path},
      {"id", TextOrNull(run.id())},
      {"state", RunStateName(run.state)},
      {"error", TextOrNull(run.error)},
      {"position", has_start ? Json(run.Position()) : Json()},
      {"started", TextOrNull(StartedText(run.run))},
      {"experiment", started(start.experiment)},
      {"agent", started(start.agent)},
      {"model", started(start.model)},
      {"dataset", started(start.dataset)},
      {"generated_data", has_start  ? Json(start.generated_data)
                         : has_info ? Json(info.generated_data)
                                    : Json()},
      {"seed", has_start  ? Json(absl::StrCat(start.seed))
               : has_info ? Json(absl::StrCat(info.seed))
                          : Json()},
      {"world_size", has_start || has_info ? Json(world_size) : Json()},
      {"num_tasks", started(start.num_tasks)},
      {"epochs_per_task", started(start.epochs_per_task)},
  };
  AddTotals(run, &model);
  model["heads"] = HeadsJson(run);
  model["epochs"] = EpochsJson(run);
  model["steps"] = StepsJson(run);
  model["tasks"] = TasksJson(run);
  model["ranks"] = RanksJson(info);
  model["settings"] = SettingsJson(info);
  model["provenance"] = ProvenanceJson(run);
  return model;
}

}  // namespace reprise
