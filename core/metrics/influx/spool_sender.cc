#include "core/metrics/influx/spool_sender.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/file.h"
#include "core/base/log.h"

namespace reprise {
namespace {

using Kind = InfluxReply::Kind;

// Enough for kBatchPoints in most cases, so that a full batch need not wait.
constexpr int64_t kFullBatchBytes = 128 << 10;

// A header that says more is taken for a mistake.
constexpr absl::Duration kLongestRetryAfter = absl::Minutes(10);

// How long a flush may take without a word.
constexpr absl::Duration kSilentFlush = absl::Seconds(1);

}  // namespace

SpoolSender::SpoolSender(std::string name, std::string path,
                         const SenderPace& pace, uint64_t seed,
                         std::unique_ptr<PointDelivery> delivery)
    : name_(std::move(name)),
      path_(std::move(path)),
      pace_(pace),
      jitter_(static_cast<uint32_t>(seed)),
      delivery_(std::move(delivery)) {
  batch_since_ = retry_at_ = hurry_until_ = absl::InfinitePast();
  thread_ = std::thread([this] { Run(); });
}

SpoolSender::~SpoolSender() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_ending_ = true;
  }
  delivery_->server().Cancel();
  work_.notify_all();
  thread_.join();
}

void SpoolSender::Appended(int64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (appended_ == delivered_) batch_since_ = absl::Now();
  appended_ = bytes;
  work_.notify_all();
}

bool SpoolSender::Flush(absl::Duration limit) {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto is_done = [this] {
    return delivered_ == appended_ || setup_is_wrong_;
  };
  stage_ = Stage::kFlushing;
  hurry_until_ = absl::Now() + limit;
  failures_ = 0;
  retry_at_ = absl::InfinitePast();
  setup_is_wrong_ = false;
  work_.notify_all();
  const absl::Duration silent = std::min(limit, kSilentFlush);
  if (!done_.wait_for(lock, absl::ToChronoNanoseconds(silent), is_done) &&
      silent < limit) {
    LogInfo(absl::StrCat("InfluxDB: the end waits up to ",
                         absl::FormatDuration(limit), " for ", name_));
    done_.wait_for(lock, absl::ToChronoNanoseconds(limit - silent), is_done);
  }
  stage_ = Stage::kFlushed;
  hurry_until_ = absl::InfinitePast();
  return delivered_ == appended_;
}

std::string SpoolSender::trouble() const {
  std::lock_guard<std::mutex> lock(mutex_);
  const std::string refusal = delivery_->refusal_under_way();
  if (!refusal.empty()) {
    return absl::StrCat("it refuses points, which are being looked for: ",
                        refusal);
  }
  if (!trouble_.empty()) return trouble_;
  return is_sending_ ? "no answer yet" : "no time left";
}

void SpoolSender::WaitForWork(std::unique_lock<std::mutex>& lock) {
  while (!is_ending_) {
    if (delivered_ == appended_) {
      work_.wait(lock);
      continue;
    }
    const absl::Time now = absl::Now();
    absl::Time from = retry_at_;
    if (now >= hurry_until_ && appended_ - delivered_ < kFullBatchBytes) {
      from = std::max(from, batch_since_ + pace_.batch_age);
    }
    if (now >= from) return;
    work_.wait_for(lock, absl::ToChronoNanoseconds(from - now));
  }
}

InfluxReply SpoolSender::SendBatch(int64_t from, int64_t to,
                                   absl::Duration limit, int64_t* sent_bytes) {
  const auto file = InputFile::Open(path_);
  const absl::StatusOr<std::string> batch =
      file.ok() ? ReadBatch(*file, from, to)
                : absl::StatusOr<std::string>(file.status());
  if (!batch.ok()) {
    InfluxReply reply;
    reply.kind = Kind::kLater;
    reply.reason = std::string(batch.status().message());
    return reply;
  }
  *sent_bytes = static_cast<int64_t>(batch->size());
  return delivery_->Deliver(*batch, limit);
}

// Halved at random, by the seed: many runs that lost one server come back to
// it one after the other, and a test knows when.
absl::Duration SpoolSender::Pause(const InfluxReply& reply) {
  if (reply.kind == Kind::kSetup) return pace_.setup_retry;
  absl::Duration pause = pace_.first_retry;
  for (uint32_t i = 1; i < failures_ && pause < pace_.longest_retry; ++i) {
    pause *= 2;
  }
  pause = std::min(pause, pace_.longest_retry);
  pause *= 1 - 0.5 * static_cast<double>(jitter_()) / jitter_.max();
  return std::max(pause, std::min(reply.retry_after, kLongestRetryAfter));
}

void SpoolSender::Tell(const InfluxReply& reply) {
  // The last word has been said.
  if (stage_ == Stage::kFlushed) return;
  if (reply.kind != Kind::kTaken) return TellTrouble(reply);
  if (has_told_trouble_) {
    LogInfo(absl::StrCat("InfluxDB: ", name_, " takes points again"));
  } else if (!has_told_success_) {
    LogInfo(absl::StrCat("InfluxDB: ", name_, " takes the run's points"));
  }
  has_told_trouble_ = false;
  has_told_success_ = true;
}

void SpoolSender::TellTrouble(const InfluxReply& reply) {
  // A reason may hold a count of milliseconds or of bytes.
  std::string kind = reply.reason.substr(0, reply.reason.find(','));
  kind.erase(std::remove_if(kind.begin(), kind.end(),
                            [](char c) { return c >= '0' && c <= '9'; }),
             kind.end());
  if (reply.kind != Kind::kLater || kind.rfind("status", 0) == 0) {
    kind = reply.reason.substr(0, 10);  // "status 503"
  }
  if (!told_.insert(kind).second) return;
  has_told_trouble_ = true;
  const std::string what = absl::StrCat(
      "InfluxDB: ", name_, " does not take points: ", reply.reason);
  if (stage_ == Stage::kFlushing) {
    LogWarning(absl::StrCat(what, "; they wait in ", path_));
    return;
  }
  LogWarning(absl::StrCat(
      what, "; the run goes on, they wait in ", path_, " and are sent ",
      reply.kind == Kind::kSetup ? "if it does later" : "once it does"));
}

void SpoolSender::TakeReply(const InfluxReply& reply) {
  if (reply.kind == Kind::kTaken) {
    trouble_.clear();
    failures_ = 0;
    setup_is_wrong_ = false;
    batch_since_ = absl::Now();
    return;
  }
  ++failures_;
  trouble_ = reply.reason;
  setup_is_wrong_ = reply.kind == Kind::kSetup;
  retry_at_ = absl::Now() + Pause(reply);
}

void SpoolSender::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    WaitForWork(lock);
    if (is_ending_) return;
    const int64_t from = delivered_, to = appended_;
    const absl::Time now = absl::Now();
    const absl::Duration limit =
        now < hurry_until_ ? std::min(pace_.request_limit, hurry_until_ - now)
                           : pace_.request_limit;
    is_sending_ = true;
    lock.unlock();
    int64_t sent_bytes = 0;
    const InfluxReply reply = SendBatch(from, to, limit, &sent_bytes);
    lock.lock();
    is_sending_ = false;
    if (is_ending_) return;
    if (reply.kind == Kind::kTaken) delivered_ += sent_bytes;
    TakeReply(reply);
    Tell(reply);
    done_.notify_all();
  }
}

}  // namespace reprise
