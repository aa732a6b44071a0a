#include "launch/report/comparison/comparison.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/metrics/record_json.h"
#include "launch/report/comparison/sample_statistics.h"
#include "launch/report/run_settings/run_settings.h"
#include "launch/settings/scratch_keys.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;
using Key = std::map<std::string, std::string>;  // setting -> value

// One of the measures of a run that groups are compared by.
struct Measure {
  const char* name;
  const char* label;
  const char* unit;
};

const std::vector<Measure>& Measures() {
  static const std::vector<Measure>& rows = *new std::vector<Measure>{
      {"average_incremental_accuracy", "average incremental", "ratio"},
      {"sample_mean_accuracy", "final S(T)", "ratio"},
      {"task_mean_accuracy", "final A(T)", "ratio"},
      {"forgetting", "forgetting", "ratio"},
      {"backward_transfer", "backward transfer", "ratio"},
      {"images_per_second", "images/s", "rate"},
      {"training_seconds", "training", "seconds"},
  };
  return rows;
}

// The head that a run is judged by; null where it was not tested.
Json PrimaryHead(const Json& run) {
  for (const Json& head : run.at("heads")) {
    if (head.at("primary") == true) return head;
  }
  return nullptr;
}

std::optional<double> Number(const Json& value) {
  if (!value.is_number()) return std::nullopt;
  return value.get<double>();
}

std::optional<double> ValueOf(const Json& run, const std::string& measure) {
  // Times of a part of a run are no measure of the run.
  if (run.at("state") != "finished") return std::nullopt;
  if (run.contains(measure)) return Number(run.at(measure));
  const Json head = PrimaryHead(run);
  if (!head.is_object() || !head.contains(measure)) return std::nullopt;
  return Number(head.at(measure).at("value"));
}

Json StatisticsJson(const SampleStatistics& statistics) {
  return {{"n", statistics.n},
          {"mean", statistics.n > 0 ? Json(statistics.mean) : Json()},
          {"standard_deviation", JsonOf(statistics.standard_deviation)},
          {"half_width", JsonOf(statistics.half_width)}};
}

// All that tells a run from others but its seed and places. What it ran on is
// told by the data's digests, not by where they lay.
Key KeyOf(const Json& run) {
  Key key;
  for (const Json& setting : run.at("settings")) {
    const std::string name = setting.at("name").get<std::string>();
    if (name == "seed" || IsBookkeeping(name)) continue;
    key[name] = setting.at("value").get<std::string>();
  }
  for (const char* name : {"agent", "model", "dataset", "generated_data"}) {
    key[absl::StrCat("run ", name)] = run.at(name).dump();
  }
  key["ranks"] = run.at("world_size").dump();
  for (const Json& row : run.at("provenance")) {
    if (row.at("name") == "data digests") key["data"] = row.at("value").dump();
  }
  return key;
}

struct Group {
  Key key;
  std::vector<size_t> runs;
  std::string label;
  std::map<std::string, SampleStatistics> measures;
  std::vector<SampleStatistics> by_task;  // of S(i)
};

std::vector<Group> GroupsOf(const std::vector<Json>& runs) {
  std::vector<Group> groups;
  for (size_t run = 0; run < runs.size(); ++run) {
    Key key = KeyOf(runs[run]);
    auto group = std::find_if(groups.begin(), groups.end(),
                              [&](const Group& one) { return one.key == key; });
    if (group == groups.end()) {
      group = groups.insert(groups.end(), Group());
      group->key = std::move(key);
    }
    group->runs.push_back(run);
  }
  return groups;
}

void AddStatistics(const std::vector<Json>& runs, Group* group) {
  for (const Measure& measure : Measures()) {
    std::vector<double> values;
    for (const size_t run : group->runs) {
      const std::optional<double> value = ValueOf(runs[run], measure.name);
      if (value.has_value()) values.push_back(*value);
    }
    group->measures[measure.name] = StatisticsOf(values);
  }
  for (size_t task = 0;; ++task) {
    std::vector<double> values;
    bool is_of_some_run = false;
    for (const size_t run : group->runs) {
      const Json head = PrimaryHead(runs[run]);
      if (runs[run].at("state") != "finished" || !head.is_object()) continue;
      const Json& means = head.at("sample_mean_by_task");
      if (task >= means.size()) continue;
      is_of_some_run = true;
      const std::optional<double> value = Number(means[task]);
      if (value.has_value()) values.push_back(*value);
    }
    if (!is_of_some_run) break;
    group->by_task.push_back(StatisticsOf(values));
  }
}

// Of the digests of a run's files, a line each, the first that not all have.
std::string DataPart(const std::string& value,
                     const std::set<std::string>& of_all) {
  const std::string digests = SettingText(value);
  if (digests == "null" || digests.empty()) return "data unknown";
  for (const absl::string_view line : absl::StrSplit(digests, '\n')) {
    const bool all_have_it = std::all_of(
        of_all.begin(), of_all.end(), [line](const std::string& other) {
          return absl::StrContains(SettingText(other), line);
        });
    if (all_have_it) continue;
    const absl::string_view digest = line.substr(0, line.find(' '));
    // Behind the name of the function, if any.
    return absl::StrCat("data ", digest.substr(digest.find(':') + 1, 8));
  }
  return "less data";
}

// What a label says of a run's setting, where `of_all` are its values.
std::string LabelPart(const std::string& name, const std::string& value,
                      const std::set<std::string>& of_all) {
  if (name == "data") return DataPart(value, of_all);
  if (name == "run generated_data") {
    return value == "true" ? "generated data" : "real data";
  }
  if (absl::StartsWith(name, "run ")) return SettingText(value);
  if (name == "ranks") {
    return absl::StrCat(value, value == "1" ? " rank" : " ranks");
  }
  // Of a key of a *-config its own name: labels are long enough.
  const std::string own = name.substr(name.find('.') + 1);
  if (value.empty()) return absl::StrCat(own, " unknown");
  if (value == "true") return own;
  if (value == "false") return absl::StrCat("no ", own);
  return absl::StrCat(own, " ", value);
}

std::string ValueIn(const Key& key, const std::string& name) {
  const auto found = key.find(name);
  return found == key.end() ? "" : found->second;
}

// Of each key the agent, and what else it takes to tell the keys apart: of the
// settings that users name first, then of the others, each that parts two keys
// of one label.
std::vector<std::string> LabelsOf(const std::vector<Key>& keys) {
  std::vector<std::string> names = {"run dataset", "run generated_data",
                                    "run model", "scratch", "ranks"};
  std::set<std::string> others;
  std::vector<std::string> labels;
  for (const Key& key : keys) {
    for (const auto& [name, value] : key) others.insert(name);
    labels.push_back(SettingText(ValueIn(key, "run agent")));
  }
  names.insert(names.end(), others.begin(), others.end());
  for (const std::string& name : names) {
    std::map<std::string, std::set<std::string>> values;  // by label
    for (size_t i = 0; i < keys.size(); ++i) {
      values[labels[i]].insert(ValueIn(keys[i], name));
    }
    for (size_t i = 0; i < keys.size(); ++i) {
      const std::set<std::string>& of_label = values.at(labels[i]);
      if (of_label.size() < 2) continue;
      absl::StrAppend(&labels[i], ", ",
                      LabelPart(name, ValueIn(keys[i], name), of_label));
    }
  }
  return labels;
}

void AddLabels(std::vector<Group>* groups) {
  std::vector<Key> keys;
  for (const Group& group : *groups) keys.push_back(group.key);
  const std::vector<std::string> labels = LabelsOf(keys);
  for (size_t i = 0; i < labels.size(); ++i) (*groups)[i].label = labels[i];
}

// Best first; what is unknown last.
void Sort(std::vector<Group>* groups) {
  const auto merit = [](const Group& group) {
    const SampleStatistics& statistics =
        group.measures.at("average_incremental_accuracy");
    return statistics.n > 0 ? statistics.mean
                            : -std::numeric_limits<double>::infinity();
  };
  std::stable_sort(
      groups->begin(), groups->end(),
      [&](const Group& a, const Group& b) { return merit(a) > merit(b); });
}

Json GroupsJson(const std::vector<Group>& groups) {
  Json array = Json::array();
  for (const Group& group : groups) {
    Json json = {{"label", group.label},
                 {"runs", group.runs},
                 {"summaries", Json::object()},
                 {"by_task", Json::array()}};
    for (const Measure& measure : Measures()) {
      json["summaries"][measure.name] =
          StatisticsJson(group.measures.at(measure.name));
    }
    for (const SampleStatistics& statistics : group.by_task) {
      json["by_task"].push_back(StatisticsJson(statistics));
    }
    array.push_back(std::move(json));
  }
  return array;
}

// The key without --scratch and what it stands for, wherever the values came
// from: a sweep's points are given all of them.
Key WithoutScratch(const Group& group) {
  Key key = group.key;
  key.erase("scratch");
  key.erase("run agent");  // says "--scratch", too
  for (const ScratchKey& derived : kScratchKeys) {
    key.erase(absl::StrCat(derived.flag, ".", derived.key));
  }
  return key;
}

Json ScratchJson(const std::vector<Group>& groups) {
  const auto is_scratch = [](const Group& group) {
    return ValueIn(group.key, "scratch") == "true";
  };
  Json pairs = Json::array();
  for (size_t a = 0; a < groups.size(); ++a) {
    for (size_t b = 0; b < groups.size(); ++b) {
      if (is_scratch(groups[a]) || !is_scratch(groups[b]) ||
          WithoutScratch(groups[a]) != WithoutScratch(groups[b])) {
        continue;
      }
      Json differences = Json::array();
      for (const Measure& measure : Measures()) {
        const SampleStatistics& one = groups[a].measures.at(measure.name);
        const SampleStatistics& other = groups[b].measures.at(measure.name);
        if (one.n == 0 || other.n == 0) continue;
        const Difference difference = DifferenceOf(one, other);
        differences.push_back({{"name", measure.name},
                               {"label", measure.label},
                               {"unit", measure.unit},
                               {"mean", difference.mean},
                               {"half_width", JsonOf(difference.half_width)}});
      }
      pairs.push_back({{"continual", a},
                       {"scratch", b},
                       {"differences", std::move(differences)}});
    }
  }
  return pairs;
}

std::optional<double> EfficiencyIn(const std::optional<CostModel>& model,
                                   int64_t ranks) {
  if (!model.has_value()) return std::nullopt;
  const auto found = model->efficiency.find(ranks);
  if (found == model->efficiency.end()) return std::nullopt;
  return found->second;
}

int64_t RanksOf(const Group& group) {
  int64_t ranks = 0;
  return absl::SimpleAtoi(ValueIn(group.key, "ranks"), &ranks) ? ranks : 0;
}

// Of groups in the order of their ranks.
Json PointsJson(const std::vector<const Group*>& groups,
                const std::optional<CostModel>& cost_model) {
  Json points = Json::array();
  const int64_t fewest = RanksOf(*groups.front());
  const SampleStatistics& base =
      groups.front()->measures.at("images_per_second");
  for (const Group* group : groups) {
    const int64_t ranks = RanksOf(*group);
    const SampleStatistics& rate = group->measures.at("images_per_second");
    std::optional<double> speed_up, efficiency, predicted;
    if (base.n > 0 && base.mean > 0 && rate.n > 0) {
      speed_up = rate.mean / base.mean;
      efficiency =
          *speed_up * static_cast<double>(fewest) / static_cast<double>(ranks);
    }
    const std::optional<double> here = EfficiencyIn(cost_model, ranks);
    const std::optional<double> there = EfficiencyIn(cost_model, fewest);
    if (here.has_value() && there.value_or(0) > 0) predicted = *here / *there;
    points.push_back({{"world_size", ranks},
                      {"images_per_second", StatisticsJson(rate)},
                      {"speed_up", JsonOf(speed_up)},
                      {"efficiency", JsonOf(efficiency)},
                      {"predicted_efficiency", JsonOf(predicted)}});
  }
  return points;
}

Json ScalingJson(const std::vector<Group>& groups,
                 const std::optional<CostModel>& cost_model) {
  std::vector<Key> keys;
  std::vector<std::vector<const Group*>> series;  // of keys[i]
  for (const Group& group : groups) {
    Key key = group.key;
    key.erase("ranks");
    key.erase("hosts");
    const size_t i = std::find(keys.begin(), keys.end(), key) - keys.begin();
    if (i == keys.size()) {
      keys.push_back(std::move(key));
      series.emplace_back();
    }
    series[i].push_back(&group);
  }
  const std::vector<std::string> labels = LabelsOf(keys);
  Json array = Json::array();
  for (size_t i = 0; i < series.size(); ++i) {
    std::vector<const Group*>& members = series[i];
    std::stable_sort(members.begin(), members.end(),
                     [](const Group* a, const Group* b) {
                       return RanksOf(*a) < RanksOf(*b);
                     });
    if (RanksOf(*members.front()) == RanksOf(*members.back())) continue;
    array.push_back(
        {{"label", labels[i]}, {"points", PointsJson(members, cost_model)}});
  }
  return array;
}

Json DifferingSettings(const std::vector<Json>& runs) {
  std::vector<std::string> names;
  std::vector<Key> values(runs.size());
  for (size_t run = 0; run < runs.size(); ++run) {
    for (const Json& setting : runs[run].at("settings")) {
      const std::string name = setting.at("name").get<std::string>();
      if (IsBookkeeping(name)) continue;
      values[run][name] = setting.at("value").get<std::string>();
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  Json settings = Json::array();
  for (const std::string& name : names) {
    Json of_runs = Json::array();
    std::set<std::string> different;
    for (const Key& key : values) {
      const auto found = key.find(name);
      different.insert(found == key.end() ? "\n" : found->second);
      of_runs.push_back(found == key.end() ? Json() : Json(found->second));
    }
    if (different.size() < 2) continue;
    settings.push_back({{"name", name}, {"values", std::move(of_runs)}});
  }
  return settings;
}

std::string NamesOf(const std::vector<Json>& runs, const Json& state) {
  std::vector<std::string> names;
  for (const Json& run : runs) {
    if (run.at("state") == state) names.push_back(run.at("name"));
  }
  return absl::StrJoin(names, ", ");
}

Json WarningsOf(const std::vector<Json>& runs,
                const std::vector<Group>& groups) {
  Json warnings = Json::array();
  for (const char* state : {"failed", "running", "unfinished"}) {
    const std::string names = NamesOf(runs, state);
    if (names.empty()) continue;
    warnings.push_back(absl::StrCat(
        state, ": ", names, "; no measure of these runs is in the statistics"));
  }
  std::set<std::string> data, commits;
  int64_t generated = 0;
  for (const Json& run : runs) {
    data.insert(run.at("dataset").dump());
    if (run.at("generated_data") == true) ++generated;
    for (const Json& row : run.at("provenance")) {
      if (row.at("name") == "commit") commits.insert(row.at("value").dump());
    }
  }
  if (generated > 0) {
    warnings.push_back(absl::StrCat(
        generated, " of ", runs.size(),
        " runs are on generated data: their accuracies say nothing about the "
        "real data set"));
  }
  if (data.size() > 1) {
    warnings.push_back(
        "the runs are of different data sets: their accuracies cannot be "
        "compared");
  }
  if (commits.size() > 1) {
    warnings.push_back("the runs are of different commits");
  }
  for (const Group& group : groups) {
    std::set<std::string> seeds;
    size_t finished = 0;  // those that are in a statistic
    for (const size_t run : group.runs) {
      if (runs[run].at("state") != "finished") continue;
      seeds.insert(runs[run].at("seed").dump());
      ++finished;
    }
    if (seeds.size() == finished) continue;
    warnings.push_back(absl::StrCat(
        group.label, ": ", finished, " runs have ", seeds.size(),
        seeds.size() == 1 ? " seed" : " different seeds",
        "; a repeated one adds nothing, so that the intervals of accuracies "
        "are too narrow"));
  }
  return warnings;
}

}  // namespace

absl::StatusOr<CostModel> ReadCostModel(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const auto wrong = [&path](const std::string& found) {
    return DataError(absl::StrCat(
        path,
        ": expected {\"source\": text, \"efficiency\": {ranks: number}}, "
        "found ",
        found,
        "; remedy: write it with tests/scaling/cost_model.py efficiency"));
  };
  if (!json.is_object() || !json.contains("efficiency") ||
      !json["efficiency"].is_object() || !json.contains("source") ||
      !json["source"].is_string()) {
    return wrong("something else");
  }
  CostModel model;
  model.source = json["source"].get<std::string>();
  for (const auto& [ranks, value] : json["efficiency"].items()) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(ranks, &number) || number < 1 || !value.is_number()) {
      return wrong(absl::StrCat("\"", ranks, "\": ", value.dump()));
    }
    model.efficiency[number] = value.get<double>();
  }
  return model;
}

nlohmann::ordered_json ComparisonModel(
    const std::vector<nlohmann::ordered_json>& runs,
    const std::optional<CostModel>& cost_model) {
  std::vector<Group> groups = GroupsOf(runs);
  for (Group& group : groups) AddStatistics(runs, &group);
  Sort(&groups);
  AddLabels(&groups);
  Json measures = Json::array();
  for (const Measure& measure : Measures()) {
    measures.push_back({{"name", measure.name},
                        {"label", measure.label},
                        {"unit", measure.unit}});
  }
  return {{"measures", std::move(measures)},
          {"groups", GroupsJson(groups)},
          {"scratch", ScratchJson(groups)},
          {"scaling", ScalingJson(groups, cost_model)},
          {"settings", DifferingSettings(runs)},
          {"warnings", WarningsOf(runs, groups)},
          {"cost_model", cost_model.has_value()
                             ? Json({{"source", cost_model->source}})
                             : Json()}};
}

}  // namespace reprise
