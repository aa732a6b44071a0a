#include "launch/sweep/points/sweep_record.h"

#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

std::string PathIn(const std::string& folder) { return folder + "/sweep.json"; }

Json PointsJson(const std::vector<SweepRecord::Point>& points) {
  Json json = Json::array();
  for (const SweepRecord::Point& point : points) {
    json.push_back({{"name", point.name},
                    {"arguments", point.arguments},
                    {"program_digest", point.program_digest}});
  }
  return json;
}

// A record that does not say who ran a point is older: `program_digest`.
std::vector<SweepRecord::Point> PointsOf(const Json& json,
                                         const std::string& program_digest) {
  std::vector<SweepRecord::Point> points;
  for (const Json& point : json) {
    points.push_back({point.at("name"),
                      point.at("arguments").get<std::vector<std::string>>(),
                      point.value("program_digest", program_digest)});
  }
  return points;
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
    record.points = PointsOf(json.at("points"), record.program_digest);
    record.vanished =
        PointsOf(json.at("vanished_points"), record.program_digest);
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

SweepChanges ContinueRecord(const SweepRecord& before,
                            const std::vector<SweepPoint>& points,
                            SweepRecord* now) {
  std::map<std::string, const SweepRecord::Point*> known;
  for (const auto* list : {&before.points, &before.vanished}) {
    for (const SweepRecord::Point& point : *list) known[point.name] = &point;
  }
  SweepChanges changes;
  std::set<std::string> names;
  for (const SweepPoint& point : points) {
    names.insert(point.name);
    now->points.push_back({point.name, point.arguments, ""});
    const auto found = known.find(point.name);
    if (found == known.end()) {
      changes.added.push_back(point.name);
    } else {
      now->points.back().program_digest = found->second->program_digest;
    }
  }
  for (const auto& [name, point] : known) {
    if (names.count(name) != 0) continue;
    now->vanished.push_back(*point);
  }
  for (const SweepRecord::Point& point : before.points) {
    if (names.count(point.name) == 0) changes.vanished.push_back(point.name);
  }
  return changes;
}

std::map<std::string, int64_t> CountBuilds(const SweepRecord& record) {
  std::map<std::string, int64_t> builds;
  for (const SweepRecord::Point& point : record.points) {
    ++builds[point.program_digest];
  }
  return builds;
}

}  // namespace reprise
