#include "tests/conformance/metric_sink/sink_table.h"

#include <fcntl.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/async/async_sink.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metrics_fanout.h"
#include "core/metrics/progress/progress_sink.h"
#include "core/metrics/summary/summary_sink.h"
#include "core/metrics/tensorboard/tensorboard_sink.h"
#include "core/metrics/upstream_json/upstream_json_sink.h"

namespace reprise {
namespace {

std::unique_ptr<MetricSink> MakeJsonl(const std::string& folder) {
  auto sink = JsonlSink::Open(folder + "/metrics.jsonl");
  EXPECT_THAT(sink, IsOk());
  return *std::move(sink);
}

// A progress sink, and the file that it writes to.
std::shared_ptr<MetricSink> MakeProgress(const std::string& folder, bool live) {
  auto file = std::make_shared<FileDescriptor>(
      open((folder + "/log.txt").c_str(),
           O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  EXPECT_GE(file->get(), 0);
  ProgressOptions options;
  options.fd = file->get();
  options.live = live;
  options.width = live ? 100 : 0;
  options.now = [] { return absl::UnixEpoch(); };
  MetricSink* sink = MakeProgressSink(options).release();
  return std::shared_ptr<MetricSink>(sink,
                                     [file](MetricSink* sink) { delete sink; });
}

constexpr char kEventFile[] = "events.out.tfevents.1709251199.node1.7";

std::unique_ptr<MetricSink> MakeTensorboard(const std::string& folder) {
  auto sink = MakeTensorboardSink({absl::StrCat(folder, "/", kEventFile), {}});
  EXPECT_THAT(sink, IsOk());
  return *std::move(sink);
}

std::shared_ptr<MetricSink> MakeFanout(const std::string& folder) {
  using OnFailure = MetricsFanout::OnFailure;
  auto fanout = std::make_shared<MetricsFanout>();
  fanout->Add("metrics.jsonl", OnFailure::kStopRun, MakeJsonl(folder));
  fanout->Add("summary.json", OnFailure::kStopRun, MakeSummarySink(folder));
  return fanout;
}

std::shared_ptr<MetricSink> MakeAsync(const std::string& folder) {
  return std::make_shared<AsyncSink>(AsyncSinkOptions{"metrics.jsonl"},
                                     MakeJsonl(folder));
}

// Its server is not there, which is no failure.
std::shared_ptr<MetricSink> MakeInflux(const std::string& folder) {
  InfluxOptions options;
  options.target.url = "http://127.0.0.1:1";
  options.target.database = "runs";
  options.flush_limit = absl::ZeroDuration();
  auto sink = MakeInfluxSink(folder, options);
  EXPECT_THAT(sink, IsOk());
  return *std::move(sink);
}

}  // namespace

const std::vector<SinkRow>& SinkTable() {
  static const std::vector<SinkRow>& table = *new std::vector<SinkRow>{
      {"jsonl", MakeJsonl, {"metrics.jsonl"}},
      {"summary", MakeSummarySink, {"summary.json"}},
      {"upstream_json",
       MakeUpstreamJsonSink,
       {"dl_metrics.json", "tasks_metrics.json", "time_metrics.json"},
       /*says_experiment=*/false},
      {"progress_lines",
       [](const std::string& folder) {
         return MakeProgress(folder, /*live=*/false);
       },
       {"log.txt"}},
      {"progress_live",
       [](const std::string& folder) {
         return MakeProgress(folder, /*live=*/true);
       },
       {"log.txt"}},
      {"tensorboard", MakeTensorboard, {kEventFile}},
      {"fanout", MakeFanout, {"metrics.jsonl", "summary.json"}},
      {"influx", MakeInflux, {"metrics.lp"}},
      {"async", MakeAsync, {"metrics.jsonl"}},
  };
  return table;
}

}  // namespace reprise
