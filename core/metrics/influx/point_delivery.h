// Points brought to a server of InfluxDB, batch by batch, whatever becomes of
// some of them. Sending a point again changes nothing: it has the same time and
// tags.
#ifndef REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_
#define REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/metrics/influx/influx_server.h"

namespace reprise {

// Points in one request, and the bytes that a batch is read in.
inline constexpr int64_t kBatchPoints = 1000;
inline constexpr int64_t kBatchBytes = 1 << 20;

// Not thread-safe but for the counts.
class PointDelivery {
 public:
  // Refused points are left in `refused_file`, each behind a comment ("# ...")
  // that says why.
  PointDelivery(std::unique_ptr<InfluxServer> server, std::string refused_file)
      : server_(std::move(server)), refused_file_(std::move(refused_file)) {}

  // Sends whole lines in one request. kTaken where the server has all of them
  // that it does not refuse for good: of a batch that it refuses in part each
  // half is sent again, down to the lines at fault, the first of which is
  // logged. Otherwise nothing counts, and all are to be sent again.
  InfluxReply Deliver(absl::string_view lines, absl::Duration limit);

  InfluxServer& server() { return *server_; }
  int64_t written() const { return written_; }  // points
  int64_t refused() const { return refused_; }

 private:
  struct Refusal {
    absl::string_view line;
    std::string reason;
  };

  InfluxReply DeliverPart(absl::string_view lines, absl::Duration limit,
                          std::vector<Refusal>* refusals);
  void Keep(const std::vector<Refusal>& refusals);

  const std::unique_ptr<InfluxServer> server_;
  const std::string refused_file_;
  std::atomic<int64_t> written_{0}, refused_{0};
};

// The whole lines at the beginning of `bytes`, at most kBatchPoints of them.
absl::string_view FirstBatch(absl::string_view bytes);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_
