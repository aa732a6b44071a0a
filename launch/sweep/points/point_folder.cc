#include "launch/sweep/points/point_folder.h"

#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kLongestLine = 400;
constexpr size_t kMostListed = 10;

// Null where there is none that can be read: a run was ended while writing it.
Json ReadJson(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  if (!text.ok()) return nullptr;
  Json json = Json::parse(*text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json(nullptr);
}

std::optional<double> NumberAt(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

PointMeasures MeasuresOf(const Json& summary) {
  PointMeasures measures;
  measures.images_per_second = NumberAt(summary, "images_per_second");
  measures.seconds = NumberAt(summary, "seconds").value_or(0);
  measures.generated_data = summary.value("generated_data", false);
  for (const Json& head : summary.value("heads", Json::array())) {
    if (!head.is_object() || !head.value("primary", false)) continue;
    const auto value = [&head](const char* name) {
      const auto measure = head.find(name);
      return measure == head.end() || !measure->is_object()
                 ? std::nullopt
                 : NumberAt(*measure, "value");
    };
    measures.average_incremental_accuracy =
        value("average_incremental_accuracy");
    measures.final_accuracy = value("sample_mean_accuracy");
    measures.forgetting = value("forgetting");
  }
  return measures;
}

// "lr: 0.1, expected 0.2" of each that differs.
std::vector<std::string> Differences(
    const Json& run, const std::map<std::string, std::string>& settings) {
  std::vector<std::string> differences;
  const Json recorded = run.value("settings", Json::object());
  for (const auto& [name, value_json] : settings) {
    const Json expected =
        Json::parse(value_json, nullptr, /*allow_exceptions=*/false);
    const auto found = recorded.find(name);
    const Json value = found == recorded.end() || !found->is_object()
                           ? Json()
                           : found->value("value", Json());
    if (value != expected) {
      differences.push_back(
          absl::StrCat(name, " is ", value.dump(), ", expected ", value_json));
    }
  }
  return differences;
}

}  // namespace

absl::StatusOr<PointFolder> ReadPointFolder(
    const std::string& folder,
    const std::map<std::string, std::string>& settings) {
  PointFolder found;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) {
    if (!error) return found;
    return StorageError(
        absl::StrCat("cannot read ", folder, ": ", error.message()));
  }
  found.state = PointFolder::State::kUnfinished;
  const Json summary = ReadJson(folder + "/summary.json");
  const Json run = ReadJson(folder + "/run.json");
  if (summary.is_null() || run.is_null()) return found;
  std::vector<std::string> differences = Differences(run, settings);
  if (!differences.empty()) {
    if (differences.size() > kMostListed) {
      differences.resize(kMostListed);
      differences.push_back("...");
    }
    return UsageError(absl::StrCat(
        folder, " holds a run with other settings than its name stands for (",
        absl::StrJoin(differences, "; "), "); move that folder away"));
  }
  found.state = PointFolder::State::kFinished;
  found.measures = MeasuresOf(summary);
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
