#include "launch/report/run_model.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/phase.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/meters.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/record_json.h"
#include "core/metrics/summary/head_json.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

// What a record or run.json has under `name`, also in its `timing`; null.
Json FieldOf(const Json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  if (const auto found = object.find(name); found != object.end()) {
    return *found;
  }
  const auto timing = object.find("timing");
  return timing == object.end() ? Json() : FieldOf(*timing, name);
}

std::optional<double> NumberOf(const Json& object, const std::string& name) {
  const Json value = FieldOf(object, name);
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

int64_t CountOf(const Json& object, const std::string& name, int64_t other) {
  const Json value = FieldOf(object, name);
  return value.is_number_integer() ? value.get<int64_t>() : other;
}

std::string TextOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool IsKind(const Json& record, const char* kind) {
  return FieldOf(record, "record") == kind;
}

// The first record of the kind; null.
Json FirstOf(const std::vector<Json>& records, const char* kind) {
  for (const Json& record : records) {
    if (IsKind(record, kind)) return record;
  }
  return nullptr;
}

// Epochs, steps and tasks count from 1 here.
Json PositionJson(const std::vector<Json>& records, const Json& start) {
  Json last;
  for (const Json& record : records) {
    if (IsKind(record, "step") || IsKind(record, "train_epoch")) last = record;
  }
  if (last.is_null()) return nullptr;
  std::string text =
      absl::StrCat("task ", CountOf(last, "task", 0) + 1, " of ",
                   TextOf(FieldOf(start, "num_tasks")), ", epoch ",
                   CountOf(last, "epoch", 0) + 1, " of ",
                   TextOf(FieldOf(start, "epochs_per_task")));
  if (IsKind(last, "step")) {
    absl::StrAppend(&text, ", step ", CountOf(last, "step", 0) + 1, " of ",
                    TextOf(FieldOf(last, "steps_in_epoch")));
  } else {
    absl::StrAppend(&text, ", at its end");
  }
  return text;
}

// nullopt: not of the run's matrix, as a damaged file may have it.
std::optional<TestRecord> TestOf(const Json& record, int64_t num_tasks) {
  TestRecord test;
  test.task = CountOf(record, "task", -1);
  test.test_task = CountOf(record, "test_task", -1);
  test.epoch = CountOf(record, "epoch", 0);
  test.head = TextOf(FieldOf(record, "head"));
  test.primary = FieldOf(record, "primary") == true;
  test.top1 = NumberOf(record, "top1");
  test.samples = CountOf(record, "samples", 0);
  if (test.test_task < 0 || test.test_task > test.task ||
      test.task >= num_tasks) {
    return std::nullopt;
  }
  return test;
}

Json HeadsJson(const std::vector<Json>& records, int64_t num_tasks) {
  HeadMatrices matrices(num_tasks);
  std::map<std::string, Json> tests;
  for (const Json& record : records) {
    if (!IsKind(record, "test")) continue;
    const std::optional<TestRecord> test = TestOf(record, num_tasks);
    if (!test.has_value()) continue;
    matrices.Add(*test);
    tests[test->head].push_back({{"task", test->task},
                                 {"test_task", test->test_task},
                                 {"epoch", test->epoch},
                                 {"top1", JsonOf(test->top1)}});
  }
  Json heads = Json::array();
  for (const HeadMatrices::Head& head : matrices.heads()) {
    Json json = HeadJson(head);
    json["tests"] = tests[head.name];
    heads.push_back(std::move(json));
  }
  return heads;
}

Json EpochsJson(const std::vector<Json>& records) {
  Json epochs = Json::array();
  for (const Json& record : records) {
    if (!IsKind(record, "train_epoch")) continue;
    Json epoch = record;
    epoch.update(FieldOf(record, "timing"));
    for (const char* name : {"timing", "schema", "record", "run"}) {
      epoch.erase(name);
    }
    ThroughputMeter throughput;
    throughput.Add(CountOf(record, "incoming_samples", 0),
                   NumberOf(record, "seconds").value_or(0));
    epoch["images_per_second"] = JsonOf(throughput.ImagesPerSecond());
    epochs.push_back(std::move(epoch));
  }
  return epochs;
}

Json TasksJson(const std::vector<Json>& records) {
  Json tasks = Json::array();
  for (const Json& record : records) {
    if (!IsKind(record, "task_end")) continue;
    Json agent = FieldOf(record, "agent");
    for (const char* part : {"by_class", "by_rank", "scalars"}) {
      if (!FieldOf(agent, part).is_object()) agent[part] = Json::object();
    }
    tasks.push_back({{"task", CountOf(record, "task", 0)},
                     {"agent", std::move(agent)},
                     {"seconds", FieldOf(record, "seconds")}});
  }
  return tasks;
}

// Of the whole run, or of its epochs so far.
void AddTotals(const Json& end, const Json& epochs, Json* model) {
  int64_t samples = 0;
  double seconds = 0;
  for (const Json& epoch : epochs) {
    samples += CountOf(epoch, "incoming_samples", 0);
    seconds += NumberOf(epoch, "seconds").value_or(0);
  }
  if (!end.is_null()) {
    samples = CountOf(end, "incoming_samples", samples);
    seconds = NumberOf(end, "training_seconds").value_or(seconds);
  }
  ThroughputMeter throughput;
  throughput.Add(samples, seconds);
  const bool is_known = !end.is_null() || !epochs.empty();
  (*model)["incoming_samples"] = is_known ? Json(samples) : Json();
  (*model)["training_seconds"] = is_known ? Json(seconds) : Json();
  (*model)["images_per_second"] = JsonOf(throughput.ImagesPerSecond());
  (*model)["overlap_share"] = FieldOf(end, "overlap_share");
  (*model)["phases"] = Json::array();
  ForEachPhase(PhaseSeconds(), [model](const char* name, double) {
    (*model)["phases"].push_back(name);
  });
  (*model)["phase_seconds"] = FieldOf(end, "phase_seconds");
}

Json RanksJson(const Json& run_json, int64_t world_size) {
  Json ranks = Json::array();
  for (int64_t rank = 0; rank < world_size; ++rank) {
    Json json = {{"rank", rank}};
    for (const auto& [name, list] :
         {std::make_pair("host", "hosts"), std::make_pair("device", "devices"),
          std::make_pair("cores", "cores"),
          std::make_pair("threads", "threads")}) {
      const Json values = FieldOf(run_json, list);
      const size_t at = static_cast<size_t>(rank);
      json[name] =
          values.is_array() && at < values.size() ? values[at] : Json();
    }
    ranks.push_back(std::move(json));
  }
  return ranks;
}

Json SettingsJson(const Json& run_json) {
  Json settings = Json::array();
  for (const auto& [name, setting] : FieldOf(run_json, "settings").items()) {
    settings.push_back({{"name", name},
                        {"value", TextOf(FieldOf(setting, "value"))},
                        {"origin", TextOf(FieldOf(setting, "origin"))}});
  }
  return settings;
}

// A list as its different values with how often each is there; an object a
// line an entry.
std::string ProvenanceText(const Json& value) {
  if (value.is_array()) {
    std::vector<std::pair<std::string, int64_t>> counts;
    for (const Json& element : value) {
      const std::string text = TextOf(element);
      if (counts.empty() || counts.back().first != text) {
        counts.emplace_back(text, 0);
      }
      ++counts.back().second;
    }
    return absl::StrJoin(counts, ", ", [](std::string* out, const auto& one) {
      absl::StrAppend(out, one.first);
      if (one.second > 1) absl::StrAppend(out, " (", one.second, " ranks)");
    });
  }
  if (!value.is_object()) return TextOf(value);
  std::vector<std::string> lines;
  for (const auto& [name, element] : value.items()) {
    lines.push_back(absl::StrCat(name, "  ", TextOf(element)));
  }
  return absl::StrJoin(lines, "\n");
}

// What every run should say, then what else run.json has.
Json ProvenanceJson(const Json& run_json) {
  Json rows = Json::array();
  const auto add = [&](const std::string& name, const Json& value) {
    std::string words = name;
    for (char& letter : words) {
      if (letter == '_') letter = ' ';
    }
    const bool is_empty = value.is_null() || value == "" ||
                          value == "unknown" || value == Json::object();
    rows.push_back(
        {{"name", words},
         {"value", is_empty ? Json() : Json(ProvenanceText(value))}});
  };
  const std::vector<std::string> first = {
      "run",         "started",        "host",         "pid",   "commit",
      "version",     "build_flags",    "communicator", "hosts", "devices",
      "data_source", "generated_data", "data_digests"};
  for (const std::string& name : first) add(name, FieldOf(run_json, name));
  if (!run_json.is_object()) return rows;
  for (const auto& [name, value] : run_json.items()) {
    if (name == "settings" || name == "schema" ||
        std::find(first.begin(), first.end(), name) != first.end()) {
      continue;
    }
    add(name, value);
  }
  return rows;
}

}  // namespace

nlohmann::ordered_json RunModel(const RunFolder& run) {
  const std::vector<Json>& records = run.records;
  const Json start = FirstOf(records, "run_start");
  // A run that fails before its first record has run.json alone.
  const auto told = [&](const char* name) {
    const Json value = FieldOf(start, name);
    return value.is_null() ? FieldOf(run.run_json, name) : value;
  };
  const Json seed = told("seed");
  Json model = {
      {"name", run.name},
      {"folder", run.path},
      {"id", FieldOf(run.run_json, "run")},
      {"state", run.state},
      {"error", run.error},
      {"position", PositionJson(records, start)},
      {"started", FieldOf(run.run_json, "started")},
      {"experiment", told("experiment")},
      {"agent", told("agent")},
      {"model", told("model")},
      {"dataset", told("dataset")},
      {"generated_data", told("generated_data")},
      {"seed", seed.is_null() ? Json() : Json(seed.dump())},
      {"world_size", told("world_size")},
      {"num_tasks", told("num_tasks")},
      {"epochs_per_task", told("epochs_per_task")},
  };
  const int64_t tasks = CountOf(start, "num_tasks", 0);
  model["heads"] = tasks >= 1 ? HeadsJson(records, tasks) : Json::array();
  model["epochs"] = EpochsJson(records);
  AddTotals(FirstOf(records, "run_end"), model["epochs"], &model);
  model["tasks"] = TasksJson(records);
  model["ranks"] = RanksJson(run.run_json, CountOf(model, "world_size", 0));
  model["settings"] = SettingsJson(run.run_json);
  model["provenance"] = ProvenanceJson(run.run_json);
  return model;
}

}  // namespace reprise
