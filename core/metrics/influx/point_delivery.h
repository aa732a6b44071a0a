// Points brought to a server of InfluxDB, batch by batch, whatever becomes of
// some of them. Sending a point again changes nothing: it has the same time and
// tags.
#ifndef REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_
#define REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/metrics/influx/influx_server.h"

namespace reprise {

// Points in one request, and the bytes that a batch is read in.
inline constexpr int64_t kBatchPoints = 1000;
inline constexpr int64_t kBatchBytes = 1 << 20;

// Not thread-safe but for the counts and refusal_under_way.
class PointDelivery {
 public:
  // Refused points are left in `refused_file`, each behind a comment ("# ...")
  // that says why; the first replaces what the file had.
  PointDelivery(std::unique_ptr<InfluxServer> server, std::string refused_file)
      : server_(std::move(server)), refused_file_(std::move(refused_file)) {}

  // Sends whole lines, at least one, in one request. kTaken where the server
  // has all of them that it does not refuse for good: of a batch that it
  // refuses in part each half is sent again, down to the lines at fault, the
  // first of which is logged. Otherwise nothing counts, and all are to be sent
  // again.
  InfluxReply Deliver(absl::string_view lines, absl::Duration limit);

  InfluxServer& server() { return *server_; }
  int64_t written() const { return written_; }  // points
  int64_t refused() const { return refused_; }
  // The server's words about a batch of which the lines at fault are being
  // looked for; empty where none is.
  std::string refusal_under_way() const;

 private:
  struct Refusal {
    absl::string_view line;
    std::string reason;
  };

  InfluxReply DeliverPart(absl::string_view lines, absl::Duration limit,
                          std::vector<Refusal>* refusals);
  void Keep(const std::vector<Refusal>& refusals);
  absl::Status WriteRefused(absl::string_view text) const;
  void SetRefusalUnderWay(std::string reason);

  const std::unique_ptr<InfluxServer> server_;
  const std::string refused_file_;
  std::atomic<int64_t> written_{0}, refused_{0};
  mutable std::mutex mutex_;
  std::string refusal_under_way_;
};

int64_t CountPoints(absl::string_view lines);

// The whole lines at the beginning of `bytes`, at most kBatchPoints of them.
absl::string_view FirstBatch(absl::string_view bytes);

// The next points of a file: whole lines from the offset `from`, at most
// kBatchPoints and, but for one line alone, kBatchBytes of them. DataError
// where no line ends between `from` and `to`; StorageError.
absl::StatusOr<std::string> ReadBatch(const InputFile& file, int64_t from,
                                      int64_t to);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_POINT_DELIVERY_H_
