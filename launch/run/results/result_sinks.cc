#include "launch/run/results/result_sinks.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/program_info.h"
#include "core/base/status.h"
#include "core/metrics/async/async_sink.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/progress/progress_sink.h"
#include "core/metrics/summary/summary_sink.h"
#include "core/metrics/tensorboard/tensorboard_sink.h"
#include "core/metrics/upstream_json/upstream_json_sink.h"
#include "launch/process/rank_process.h"
#include "models/model_weights.h"

namespace reprise {
namespace {

using MadeSink = absl::StatusOr<std::unique_ptr<MetricSink>>;
using OnFailure = MetricsFanout::OnFailure;

// Writes the weights when the run ends.
class WeightsSink final : public MetricSink {
 public:
  explicit WeightsSink(const SinkContext& context) : context_(context) {}
  absl::Status OnRunEnd(const RunEnd&) override {
    return SaveWeights(
        *context_.model, context_.folder + "/weights.safetensors",
        {{"experiment", context_.experiment},
         {"data", context_.generated_data ? "generated" : "real"},
         {"version", kVersion}});
  }

 private:
  const SinkContext context_;
};

MadeSink MakeJsonl(const SinkContext& context) {
  return JsonlSink::Open(context.folder + "/metrics.jsonl");
}

MadeSink MakeUpstreamJson(const SinkContext& context) {
  return MakeUpstreamJsonSink(context.folder);
}

MadeSink MakeWeights(const SinkContext& context) {
  return std::make_unique<WeightsSink>(context);
}

MadeSink MakeSummary(const SinkContext& context) {
  return MakeSummarySink(context.folder);
}

MadeSink MakeInflux(const SinkContext& context) {
  return MakeInfluxSink(context.folder, context.influx);
}

bool IsInfluxWanted(const SinkContext& context) {
  return !context.influx.target.url.empty();
}

MadeSink MakeProgress(const SinkContext&) {
  ProgressOptions options = DetectTerminal(STDOUT_FILENO);
  options.live = options.live && MayUseTerminal();
  options.color = options.color && options.live;
  return MakeProgressSink(options);
}

// The same in plain lines, among those of the log.
MadeSink MakeLoggedProgress(const SinkContext& context) {
  ProgressOptions options;
  options.fd = context.log_fd;
  return MakeProgressSink(options);
}

bool WantsTensorboard(const SinkContext& context) {
  return context.tensorboard;
}

// In a folder of its own, which TensorBoard shows as one run. Behind a thread:
// figures take milliseconds to draw.
MadeSink MakeTensorboard(const SinkContext& context) {
  const std::string folder = context.folder + "/tensorboard";
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) {
    return StorageError(
        absl::StrCat("cannot create ", folder, ": ", error.message()));
  }
  REPRISE_ASSIGN_OR_RETURN(
      std::unique_ptr<MetricSink> sink,
      MakeTensorboardSink(
          {absl::StrCat(folder, "/", EventFileName()), context.settings}));
  AsyncSinkOptions options;
  options.name = "TensorBoard's file";
  return std::make_unique<AsyncSink>(options, std::move(sink));
}

}  // namespace

const std::vector<SinkRow>& ResultSinkTable() {
  static const std::vector<SinkRow>& rows = *new std::vector<SinkRow>{
      {"metrics.jsonl", nullptr, OnFailure::kStopRun, MakeJsonl},
      {"upstream's files", nullptr, OnFailure::kWarnOnce, MakeUpstreamJson},
      {"weights.safetensors", nullptr, OnFailure::kStopRun, MakeWeights},
      {"summary.json", nullptr, OnFailure::kWarnOnce, MakeSummary},
      {"TensorBoard's file", WantsTensorboard, OnFailure::kWarnOnce,
       MakeTensorboard},
      {"progress", nullptr, OnFailure::kWarnOnce, MakeProgress},
      {"log.txt", nullptr, OnFailure::kWarnOnce, MakeLoggedProgress},
      // The last: its end waits for a server.
      {"InfluxDB", IsInfluxWanted, OnFailure::kWarnOnce, MakeInflux},
  };
  return rows;
}

absl::Status AddResultSinks(const SinkContext& context, MetricsFanout* sinks) {
  for (const SinkRow& row : ResultSinkTable()) {
    if (row.is_wanted != nullptr && !row.is_wanted(context)) continue;
    REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<MetricSink> sink,
                             row.make(context));
    sinks->Add(row.name, row.on_failure, std::move(sink));
  }
  return absl::OkStatus();
}

absl::StatusOr<FileDescriptor> OpenLogFile(const std::string& folder, int rank,
                                           int world_size) {
  LogOptions log;
  log.rank = rank;
  log.world_size = world_size;
  log.file = folder + "/log.txt";
  REPRISE_RETURN_IF_ERROR(ConfigureLog(log));
  FileDescriptor file(
      open(log.file.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (file.get() < 0) return ErrnoToStorageError("open", log.file);
  return file;
}

}  // namespace reprise
