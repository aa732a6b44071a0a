#include "launch/sweep/points/point_folder.h"

#include <filesystem>
#include <map>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/run_json.h"
#include "launch/report/run_folder.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

constexpr size_t kLongestLine = 400;
constexpr size_t kMostDifferences = 10;

PointMeasures MeasuresOf(const RunFolder& run) {
  PointMeasures measures;
  measures.images_per_second = run.images_per_second();
  measures.seconds = run.seconds();
  measures.generated_data = run.start.has_value() && run.start->generated_data;
  if (run.primary_head() == nullptr) return measures;
  for (const AccuracyMatrix::Measure& measure :
       run.primary_head()->matrix.Measures()) {
    if (measure.name == "average_incremental_accuracy") {
      measures.average_incremental_accuracy = measure.value;
    } else if (measure.name == "sample_mean_accuracy") {
      measures.final_accuracy = measure.value;
    } else if (measure.name == "forgetting") {
      measures.forgetting = measure.value;
    }
  }
  return measures;
}

std::vector<std::string> Differences(const RunFolder& run,
                                     const SweepPoint& point) {
  std::map<std::string, std::string> recorded;
  for (const RunInfo::Setting& setting : run.run.info.settings) {
    recorded[setting.name] = setting.value_json;
  }
  // Of two texts that say one thing.
  const auto value_of = [](const std::string& json) {
    return nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  };
  std::vector<std::string> differences;
  for (const auto& [name, now] : point.settings) {
    const auto found = recorded.find(name);
    if (found == recorded.end()) {
      if (now.is_default) continue;
      differences.push_back(
          absl::StrCat(name, " was none, is ", now.value_json));
    } else if (value_of(found->second) != value_of(now.value_json)) {
      differences.push_back(
          absl::StrCat(name, " was ", found->second, ", is ", now.value_json));
    }
  }
  if (differences.size() > kMostDifferences) {
    differences.resize(kMostDifferences);
    differences.push_back("...");
  }
  return differences;
}

}  // namespace

absl::StatusOr<PointFolder> ReadPointFolder(const std::string& folder,
                                            const SweepPoint& point) {
  PointFolder found;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    if (!error) return found;
    return StorageError(
        absl::StrCat("cannot read ", folder, ": ", error.message()));
  }
  found.state = PointFolder::State::kUnfinished;
  RunFolderOptions options;
  options.most_steps = 2;
  const absl::StatusOr<RunFolder> run = ReadRunFolder(folder, options);
  if (!run.ok()) {
    // A run that was killed early has left less than a run's folder.
    if (ExitCodeOf(run.status()) == ExitCode::kStorage) return run.status();
    return found;
  }
  if (run->state == RunState::kRunning) {
    return UsageError(absl::StrCat(
        folder, ": a run that is none of this sweep is at work there, process ",
        run->run.pid, "; wait for it, or end it"));
  }
  // The last file of a run.
  if (run->state != RunState::kFinished ||
      !std::filesystem::exists(folder + "/summary.json", error)) {
    return found;
  }
  found.state = PointFolder::State::kFinished;
  found.measures = MeasuresOf(*run);
  found.differences = Differences(*run, point);
  return found;
}

absl::StatusOr<std::string> SetAside(const std::string& folder,
                                     const std::string& aside) {
  const std::filesystem::path from(folder);
  std::error_code error;
  std::filesystem::create_directories(aside, error);
  for (int i = 1; !error; ++i) {
    const std::string to =
        absl::StrCat(aside, "/", from.filename().string(), ".", i);
    if (std::filesystem::exists(to, error)) continue;
    if (!error) std::filesystem::rename(from, to, error);
    if (!error) return to;
  }
  return StorageError(absl::StrCat("cannot move ", folder, " into ", aside,
                                   ": ", error.message()));
}

std::string LastErrorLine(absl::string_view output) {
  absl::string_view last;
  bool is_error = false;
  for (const absl::string_view line : absl::StrSplit(
           output, absl::ByAnyChar("\r\n"), absl::SkipWhitespace())) {
    const bool tells = absl::StrContains(line, "error: ");
    if (is_error && !tells) continue;
    last = line;
    is_error = tells;
  }
  return std::string(last.substr(0, kLongestLine));
}

}  // namespace reprise
