#include "core/metrics/influx/influx_sink.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/metrics/async/async_sink.h"
#include "core/metrics/influx/point_delivery.h"
#include "core/metrics/influx/record_points.h"
#include "core/metrics/record_fields.h"

namespace reprise {
namespace {

// Of a run that fails.
constexpr absl::Duration kLongestFlushOfFailure = absl::Seconds(1);

// For its own thread: writes points to the file and wakes the sender.
class SpoolSink final : public MetricSink {
 public:
  SpoolSink(AppendFile file, std::string folder, InfluxOptions options,
            std::unique_ptr<InfluxServer> server)
      : file_(std::move(file)),
        folder_(std::move(folder)),
        options_(std::move(options)),
        sender_(
            DescribeInfluxTarget(options_.target), file_.path(), options_.pace,
            std::hash<std::string>()(folder_),
            std::make_unique<PointDelivery>(
                std::move(server), absl::StrCat(folder_, "/", kRefusedFile))) {}
  // Of a run that ended without its end.
  ~SpoolSink() override {
    if (has_told_ || points_ + lost_points_ == 0) return;
    FlushAndTell(std::min(options_.flush_limit, kLongestFlushOfFailure));
  }

  absl::Status OnRunStart(const RunStart& run) override {
    run_id_ = run.run_id;
    return Append(run);
  }
  absl::Status OnStep(const StepRecord& step) override { return Append(step); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    return Append(epoch);
  }
  absl::Status OnTest(const TestRecord& test) override { return Append(test); }
  absl::Status OnTaskEnd(const TaskRecord& task) override {
    return Append(task);
  }
  absl::Status OnRunEnd(const RunEnd& run) override {
    const absl::Status appended = Append(run);
    FlushAndTell(options_.flush_limit);
    return appended;
  }

 private:
  template <typename Record>
  absl::Status Append(const Record& record) {
    const std::string lines = record_points_.Of(run_id_, record);
    const absl::Status appended = file_.Append(lines);
    if (!appended.ok()) {
      lost_points_ += CountPoints(lines);
      return appended;
    }
    points_ += CountPoints(lines);
    bytes_ += static_cast<int64_t>(lines.size());
    sender_.Appended(bytes_);
    return absl::OkStatus();
  }

  void FlushAndTell(absl::Duration limit) {
    const bool is_flushed = sender_.Flush(limit);
    has_told_ = true;
    const int64_t written = sender_.delivery().written();
    const int64_t refused = sender_.delivery().refused();
    std::string line =
        absl::StrCat("InfluxDB: ", written, " points written to ",
                     DescribeInfluxTarget(options_.target));
    if (refused > 0) {
      absl::StrAppend(&line, ", ", refused, " refused (", folder_, "/",
                      kRefusedFile, ")");
    }
    if (!is_flushed) {
      absl::StrAppend(&line, ", ", points_ - written - refused,
                      " not yet: ", sender_.trouble(), "; all are in ",
                      file_.path());
    }
    if (lost_points_ > 0) {
      absl::StrAppend(&line, ", ", lost_points_, " never, as ", file_.path(),
                      " could not be written; metrics.jsonl may have them");
    }
    if (!is_flushed || lost_points_ > 0) {
      absl::StrAppend(&line, "; send them by: reprise influx replay ", folder_);
    }
    if (is_flushed && refused == 0 && lost_points_ == 0) {
      LogInfo(line);
    } else {
      LogWarning(line);
    }
  }

  AppendFile file_;
  const std::string folder_;
  const InfluxOptions options_;
  RecordPoints record_points_;
  std::string run_id_;
  int64_t points_ = 0, bytes_ = 0;  // in the file
  int64_t lost_points_ = 0;
  bool has_told_ = false;
  SpoolSender sender_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<MetricSink>> MakeInfluxSink(
    const std::string& folder, const InfluxOptions& options) {
  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<InfluxServer> server,
                           InfluxServer::Make(options.target));
  REPRISE_ASSIGN_OR_RETURN(
      AppendFile file, AppendFile::Open(absl::StrCat(folder, "/", kSpoolFile)));
  // The folder is the run's own: what a file of that name has is not its.
  REPRISE_RETURN_IF_ERROR(file.Truncate(0));
  AsyncSinkOptions async;
  async.name = "InfluxDB";
  async.drain_limit = options.flush_limit + absl::Seconds(20);
  return std::make_unique<AsyncSink>(
      async, std::make_unique<SpoolSink>(std::move(file), folder, options,
                                         std::move(server)));
}

}  // namespace reprise
