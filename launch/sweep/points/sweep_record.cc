#include "launch/sweep/points/sweep_record.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostListed = 20;

std::string PathIn(const std::string& folder) { return folder + "/sweep.json"; }

Json PointsJson(const std::vector<SweepRecord::Point>& points) {
  Json json = Json::array();
  for (const SweepRecord::Point& point : points) {
    json.push_back({{"name", point.name},
                    {"digest", point.digest},
                    {"arguments", point.arguments}});
  }
  return json;
}

std::vector<SweepRecord::Point> PointsOf(const Json& json) {
  std::vector<SweepRecord::Point> points;
  for (const Json& point : json) {
    points.push_back({point.at("name"), point.at("digest"),
                      point.at("arguments").get<std::vector<std::string>>()});
  }
  return points;
}

// The arguments that one has and the other has not, without the folder's.
std::string DifferenceOf(const SweepRecord::Point& before,
                         const SweepPoint& now) {
  const auto without = [](const std::vector<std::string>& from,
                          const std::vector<std::string>& other) {
    std::vector<std::string> rest;
    for (const std::string& argument : from) {
      if (absl::StartsWith(argument, "--results-dir=")) continue;
      if (std::find(other.begin(), other.end(), argument) == other.end()) {
        rest.push_back(argument);
      }
    }
    return rest.empty() ? std::string("nothing") : absl::StrJoin(rest, " ");
  };
  return absl::StrCat("was ", without(before.arguments, now.arguments), ", is ",
                      without(now.arguments, before.arguments));
}

}  // namespace

absl::StatusOr<std::optional<SweepRecord>> ReadSweepRecord(
    const std::string& folder) {
  const std::string path = PathIn(folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) {
    return std::optional<SweepRecord>();
  }
  REPRISE_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(path));
  try {
    const Json json = Json::parse(text);
    SweepRecord record;
    record.file = json.at("file");
    record.version = json.at("program").at("version");
    record.program_digest = json.at("program").at("digest");
    record.points = PointsOf(json.at("points"));
    record.vanished = PointsOf(json.at("vanished_points"));
    return std::optional<SweepRecord>(std::move(record));
  } catch (const Json::exception& problem) {
    return DataError(absl::StrCat(
        path, ": expected the record of a sweep, found other JSON (",
        problem.what(), "); move the folder away or choose another --name"));
  }
}

absl::Status WriteSweepRecord(const std::string& folder,
                              const SweepRecord& record) {
  const Json json = {
      {"schema", 1},
      {"file", record.file},
      {"program",
       {{"version", record.version}, {"digest", record.program_digest}}},
      {"points", PointsJson(record.points)},
      {"vanished_points", PointsJson(record.vanished)}};
  return ReplaceFile(
      PathIn(folder),
      {json.dump(1, ' ', false, Json::error_handler_t::replace), "\n"});
}

absl::StatusOr<SweepChanges> ContinueRecord(
    const SweepRecord& before, const std::vector<SweepPoint>& points,
    SweepRecord* now) {
  std::map<std::string, const SweepRecord::Point*> known;
  for (const auto* list : {&before.points, &before.vanished}) {
    for (const SweepRecord::Point& point : *list) known[point.name] = &point;
  }
  SweepChanges changes;
  std::set<std::string> names;
  std::vector<std::string> other_meaning;
  for (const SweepPoint& point : points) {
    names.insert(point.name);
    const auto found = known.find(point.name);
    if (found == known.end()) {
      changes.added.push_back(point.name);
    } else if (found->second->digest != point.digest) {
      other_meaning.push_back(
          absl::StrCat(point.name, ": ", DifferenceOf(*found->second, point)));
    }
    now->points.push_back({point.name, point.digest, point.arguments});
  }
  for (const auto& [name, point] : known) {
    if (names.count(name) != 0) continue;
    now->vanished.push_back(*point);
  }
  for (const SweepRecord::Point& point : before.points) {
    if (names.count(point.name) == 0) changes.vanished.push_back(point.name);
  }
  if (other_meaning.empty()) return changes;
  const size_t count = other_meaning.size();
  if (count > kMostListed) {
    other_meaning.resize(kMostListed);
    other_meaning.push_back("...");
  }
  return UsageError(
      absl::StrCat(count, count == 1 ? " point has" : " points have",
                   " another meaning than when the sweep began:\n  ",
                   absl::StrJoin(other_meaning, "\n  "),
                   "\nundo the change, or begin another sweep with --name"));
}

}  // namespace reprise
