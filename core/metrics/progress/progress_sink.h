// The run as a person at a terminal sees it. On a terminal one live line,
// redrawn at most ten times a second (task, epoch, step, images a second, loss,
// accuracy, time left), and one lasting line per task; elsewhere one plain line
// per epoch and per evaluation. At the end the accuracy matrix of each head
// with its measures, the time by phase, and the results folder. Generated data
// is announced first and last.
//
// Lines of the log (core/base/log.h) clear the live line before they appear.
// At most one live sink exists at a time. Calls from one thread; the log may be
// used from any. A reader of the output that goes away is SIGPIPE, unless the
// program ignores that, and then a StorageError.
#ifndef REPRISE_CORE_METRICS_PROGRESS_PROGRESS_SINK_H_
#define REPRISE_CORE_METRICS_PROGRESS_PROGRESS_SINK_H_

#include <memory>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

struct ProgressOptions {
  int fd = 1;          // not owned
  bool live = false;   // `fd` is a terminal that can redraw a line
  bool color = false;  // bold and red
  int width = 0;       // columns; 0: as wide as it gets
  absl::Time (*now)() = absl::Now;
};

// `live` for a terminal unless TERM is unset or "dumb"; `color` where live and
// NO_COLOR is unset or empty; `width` from COLUMNS, else from the terminal.
ProgressOptions DetectTerminal(int fd);

std::unique_ptr<MetricSink> MakeProgressSink(const ProgressOptions& options);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_PROGRESS_PROGRESS_SINK_H_
