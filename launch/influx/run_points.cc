#include "launch/influx/run_points.h"

#include <sys/stat.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/influx/point_delivery.h"
#include "core/metrics/influx/record_points.h"
#include "core/metrics/jsonl/jsonl_replay.h"

namespace reprise {
namespace {

bool IsThere(const std::string& path) {
  struct stat found;
  return stat(path.c_str(), &found) == 0;
}

absl::StatusOr<RunPoints> CountSpool(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  RunPoints points;
  points.path = path;
  points.is_spool = true;
  std::string bytes;
  for (int64_t at = 0; at < file.size(); at += bytes.size()) {
    bytes.resize(std::min(kBatchBytes, file.size() - at));
    REPRISE_RETURN_IF_ERROR(file.ReadAt(at, bytes.size(), bytes.data()));
    points.count += CountPoints(bytes);
    const size_t last = bytes.rfind('\n');
    if (last != bytes.npos) points.end = at + static_cast<int64_t>(last) + 1;
  }
  if (points.end == 0 && file.size() > 0) {
    return DataError(absl::StrCat(path, ": expected points, a line each, ",
                                  "found no line end"));
  }
  return points;
}

absl::StatusOr<RunPoints> CountRecords(const std::string& path) {
  RunPoints points;
  points.path = path;
  points.is_spool = false;
  PointSink counter([&points](absl::string_view lines) {
    points.count += CountPoints(lines);
    return absl::OkStatus();
  });
  REPRISE_RETURN_IF_ERROR(ReplayJsonl(path, counter).status());
  return points;
}

}  // namespace

absl::StatusOr<RunPoints> FindRunPoints(const std::string& folder,
                                        std::ostream& out) {
  const std::string spool = absl::StrCat(folder, "/", kSpoolFile);
  const std::string truth = folder + "/metrics.jsonl";
  if (!IsThere(truth)) {
    if (IsThere(spool)) return CountSpool(spool);
    return UsageError(absl::StrCat(
        folder, ": expected the results folder of a run, found neither ",
        kSpoolFile, " nor metrics.jsonl in it"));
  }
  absl::StatusOr<RunPoints> recorded = CountRecords(truth);
  if (!IsThere(spool)) return recorded;
  absl::StatusOr<RunPoints> spooled = CountSpool(spool);
  if (recorded.ok() && spooled.ok()) {
    return recorded->count > spooled->count ? recorded : spooled;
  }
  if (!recorded.ok() && (!spooled.ok() || spooled->count == 0)) return recorded;
  const absl::Status& fault =
      recorded.ok() ? spooled.status() : recorded.status();
  absl::StatusOr<RunPoints>& whole = recorded.ok() ? recorded : spooled;
  out << "influx: " << fault.message() << "; what is sent is what "
      << whole->path << " has" << std::endl;
  return whole;
}

absl::Status ForEachBatch(
    const RunPoints& points,
    const std::function<absl::Status(absl::string_view lines)>& take) {
  if (points.is_spool) {
    REPRISE_ASSIGN_OR_RETURN(const InputFile file,
                             InputFile::Open(points.path));
    for (int64_t at = 0; at < points.end;) {
      REPRISE_ASSIGN_OR_RETURN(const std::string batch,
                               ReadBatch(file, at, points.end));
      REPRISE_RETURN_IF_ERROR(take(batch));
      at += static_cast<int64_t>(batch.size());
    }
    return absl::OkStatus();
  }
  std::string waiting;
  int64_t waiting_points = 0;
  const auto take_batch = [&] {
    const std::string batch(FirstBatch(waiting));
    waiting.erase(0, batch.size());
    waiting_points -= CountPoints(batch);
    return take(batch);
  };
  PointSink sink([&](absl::string_view lines) {
    absl::StrAppend(&waiting, lines);
    waiting_points += CountPoints(lines);
    while (waiting_points >= kBatchPoints ||
           static_cast<int64_t>(waiting.size()) >= kBatchBytes) {
      REPRISE_RETURN_IF_ERROR(take_batch());
    }
    return absl::OkStatus();
  });
  REPRISE_RETURN_IF_ERROR(ReplayJsonl(points.path, sink).status());
  return waiting.empty() ? absl::OkStatus() : take_batch();
}

}  // namespace reprise
