// A run's records in InfluxDB while it goes (record_points.h). Every point is
// first a line of metrics.lp in the run's folder, from which another thread
// sends it (spool_sender.h): a server that is slow, away or wrong costs the run
// nothing, and what it missed is there to be sent later (`reprise influx
// replay`). Points that the server refuses for good are in metrics.rejected.lp.
//
// The training thread only queues (core/metrics/async). When the run ends it
// waits for at most `flush_limit` until the server has what is left; when it
// fails, which other ranks are waiting to be told, for at most a second of
// that. The log says how many points it took and refused, what is left, and how
// many metrics.lp lacks because it could not be written. The first error of
// that is returned; a server's trouble is only logged.
#ifndef REPRISE_CORE_METRICS_INFLUX_INFLUX_SINK_H_
#define REPRISE_CORE_METRICS_INFLUX_INFLUX_SINK_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/influx/spool_sender.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

inline constexpr char kSpoolFile[] = "metrics.lp";
inline constexpr char kRefusedFile[] = "metrics.rejected.lp";

struct InfluxOptions {
  InfluxTarget target;
  absl::Duration flush_limit = absl::Seconds(10);
  SenderPace pace;
};

// Writes into `folder`. StorageError where metrics.lp cannot be opened,
// UsageError where https finds no certificates; a server that does not answer
// is none.
absl::StatusOr<std::unique_ptr<MetricSink>> MakeInfluxSink(
    const std::string& folder, const InfluxOptions& options);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_INFLUX_SINK_H_
