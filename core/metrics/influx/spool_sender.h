// Sends what another thread appends to a file of points, from the first to the
// last, in a thread of its own. Between the file and the server nothing is kept
// but a batch, so a server that is away for hours costs disk, not memory, and
// what it missed it gets.
//
// Each batch waits until kBatchPoints are there or the first of them is
// `batch_age` old. After a failure it waits for what the server asked for, at
// most 10 minutes, else from `first_retry`, doubled each time, to
// `longest_retry`, a random half of it less, so that many runs do not come back
// at once; `setup_retry` where address, name, secret or certificate is wrong.
// Each kind of trouble is logged once, and once that what was logged is over.
#ifndef REPRISE_CORE_METRICS_INFLUX_SPOOL_SENDER_H_
#define REPRISE_CORE_METRICS_INFLUX_SPOOL_SENDER_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "absl/time/time.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/influx/point_delivery.h"

namespace reprise {

struct SenderPace {
  absl::Duration batch_age = absl::Seconds(1);
  absl::Duration request_limit = absl::Seconds(10);
  absl::Duration first_retry = absl::Seconds(1);
  absl::Duration longest_retry = absl::Minutes(1);
  absl::Duration setup_retry = absl::Minutes(2);
};

class SpoolSender {
 public:
  // `name`: of the server, for the log. `seed`: of the waiting times. The
  // delivery is this thread's until destruction but for its counts.
  SpoolSender(std::string name, std::string path, const SenderPace& pace,
              uint64_t seed, std::unique_ptr<PointDelivery> delivery);
  // Ends what is under way; what is left stays in the file.
  ~SpoolSender();

  // The file now has `bytes` bytes of whole lines.
  void Appended(int64_t bytes);

  // Hurries for at most `limit`: no batch waits to fill, and a pause between
  // tries ends. Whether all is delivered. Gives up at once where the setup is
  // wrong. Where it takes more than a second the log says that it waits;
  // afterwards nothing is logged any more.
  bool Flush(absl::Duration limit);

  // Why not all is delivered: the last failure, while it lasts, or what is
  // being waited for.
  std::string trouble() const;
  const PointDelivery& delivery() const { return *delivery_; }

 private:
  enum class Stage { kRunning, kFlushing, kFlushed };

  void Run();
  void WaitForWork(std::unique_lock<std::mutex>& lock);
  InfluxReply SendBatch(int64_t from, int64_t to, absl::Duration limit,
                        int64_t* sent_bytes);
  void TakeReply(const InfluxReply& reply);
  absl::Duration Pause(const InfluxReply& reply);
  void Tell(const InfluxReply& reply);
  void TellTrouble(const InfluxReply& reply);

  const std::string name_, path_;
  const SenderPace pace_;
  std::minstd_rand jitter_;
  const std::unique_ptr<PointDelivery> delivery_;

  mutable std::mutex mutex_;
  std::condition_variable work_, done_;
  int64_t appended_ = 0, delivered_ = 0;  // bytes
  absl::Time batch_since_, retry_at_, hurry_until_;
  Stage stage_ = Stage::kRunning;
  bool is_ending_ = false;
  bool is_sending_ = false;
  bool setup_is_wrong_ = false;
  std::string trouble_;
  uint32_t failures_ = 0;  // in a row

  std::set<std::string> told_;  // the thread's
  bool has_told_success_ = false;
  bool has_told_trouble_ = false;  // and not yet that it is over
  std::thread thread_;             // the last: it uses all of them
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_INFLUX_SPOOL_SENDER_H_
