#include "launch/report/compare/run_differences.h"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/phase.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/run_json.h"
#include "launch/report/run_settings/run_settings.h"

namespace reprise {
namespace {

bool AllEqual(const std::vector<std::string>& cells) {
  return std::all_of(
      cells.begin(), cells.end(),
      [&cells](const std::string& cell) { return cell == cells.front(); });
}

// One word for what all ranks have in common, else what each has.
std::string OfRanks(const std::vector<std::string>& values) {
  return !values.empty() && AllEqual(values)
             ? absl::StrCat(values.front(),
                            values.size() > 1
                                ? absl::StrCat(" (all ", values.size(), ")")
                                : "")
             : absl::StrJoin(values, ", ");
}

using Settings = std::map<std::string, const RunInfo::Setting*>;

Settings SettingsOf(const RunFolder& run) {
  Settings settings;
  for (const RunInfo::Setting& setting : run.run.info.settings) {
    settings[setting.name] = &setting;
  }
  return settings;
}

// In the order of the runs' files, each name once.
std::vector<std::string> NamesOfSettings(const std::vector<RunFolder>& runs) {
  std::vector<std::string> names;
  std::map<std::string, bool> is_known;
  for (const RunFolder& run : runs) {
    for (const RunInfo::Setting& setting : run.run.info.settings) {
      if (IsBookkeeping(setting.name)) continue;
      if (!std::exchange(is_known[setting.name], true)) {
        names.push_back(setting.name);
      }
    }
  }
  return names;
}

}  // namespace

std::vector<TextRow> DifferingSettings(const std::vector<RunFolder>& runs) {
  std::vector<Settings> settings;
  for (const RunFolder& run : runs) settings.push_back(SettingsOf(run));
  std::vector<TextRow> rows;
  for (const std::string& name : NamesOfSettings(runs)) {
    std::vector<std::string> values, origins;
    for (const Settings& of_run : settings) {
      const auto found = of_run.find(name);
      const bool has = found != of_run.end();
      values.push_back(has ? found->second->value_json : "-");
      origins.push_back(has ? found->second->origin : "");
    }
    if (AllEqual(values)) continue;
    if (!AllEqual(origins)) {
      for (size_t i = 0; i < values.size(); ++i) {
        if (!origins[i].empty())
          absl::StrAppend(&values[i], " (", origins[i], ")");
      }
    }
    rows.push_back({name, std::move(values)});
  }
  return rows;
}

std::vector<TextRow> DifferingProvenance(const std::vector<RunFolder>& runs) {
  const std::pair<const char*, std::function<std::string(const RunInfo&)>>
      facts[] = {
          {"version", [](const RunInfo& i) { return i.version; }},
          {"commit", [](const RunInfo& i) { return i.commit; }},
          {"build", [](const RunInfo& i) { return i.build_flags; }},
          {"ranks",
           [](const RunInfo& i) { return absl::StrCat(i.world_size); }},
          {"hosts", [](const RunInfo& i) { return OfRanks(i.hosts); }},
          {"devices", [](const RunInfo& i) { return OfRanks(i.devices); }},
          {"cores", [](const RunInfo& i) { return OfRanks(i.cores); }},
          {"threads",
           [](const RunInfo& i) { return absl::StrJoin(i.threads, ", "); }},
          {"communicator", [](const RunInfo& i) { return i.communicator; }},
          {"model", [](const RunInfo& i) { return i.model; }},
          {"memory format", [](const RunInfo& i) { return i.memory_format; }},
          {"data", [](const RunInfo& i) { return i.data_source; }},
          {"generated data",
           [](const RunInfo& i) { return i.generated_data ? "yes" : "no"; }},
          {"data digests",
           [](const RunInfo& i) {
             return absl::StrJoin(i.data_digests, ", ",
                                  absl::PairFormatter(" "));
           }},
      };
  std::vector<TextRow> rows;
  for (const auto& [name, fact] : facts) {
    TextRow row = {name, {}};
    for (const RunFolder& run : runs) row.cells.push_back(fact(run.run.info));
    if (!AllEqual(row.cells)) rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<MeasureRow> MeasuresOf(const std::vector<RunFolder>& runs) {
  std::vector<MeasureRow> rows;
  const std::vector<AccuracyMatrix::Measure> named =
      AccuracyMatrix(1).Measures();
  for (size_t m = 0; m < named.size(); ++m) {
    MeasureRow row = {named[m].name, "", {}};
    for (const RunFolder& run : runs) {
      const HeadMatrices::Head* head = run.primary_head();
      row.values.push_back(head == nullptr ? std::nullopt
                                           : head->matrix.Measures()[m].value);
    }
    rows.push_back(std::move(row));
  }
  MeasureRow rate = {"images a second", "samples/second", {}};
  MeasureRow seconds = {"duration", "seconds", {}};
  MeasureRow training = {"training", "seconds", {}};
  MeasureRow overlap = {"overlap_share", "", {}};
  for (const RunFolder& run : runs) {
    rate.values.push_back(run.images_per_second());
    seconds.values.push_back(run.seconds());
    double trained = 0;
    for (const TrainEpochRecord& epoch : run.epochs) trained += epoch.seconds;
    training.values.push_back(run.end ? run.end->training_seconds : trained);
    overlap.values.push_back(run.end ? std::optional(run.end->overlap_share)
                                     : std::nullopt);
  }
  for (MeasureRow* row : {&rate, &seconds, &training, &overlap}) {
    rows.push_back(std::move(*row));
  }
  return rows;
}

std::vector<MeasureRow> PhasesOf(const std::vector<RunFolder>& runs) {
  std::vector<MeasureRow> rows;
  for (int phase = 0; phase < kNumPhases; ++phase) {
    MeasureRow row = {PhaseName(static_cast<Phase>(phase)), "seconds", {}};
    bool is_spent = false;
    for (const RunFolder& run : runs) {
      row.values.push_back(run.phase_seconds()[phase]);
      is_spent = is_spent || *row.values.back() > 0;
    }
    if (is_spent) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace reprise
