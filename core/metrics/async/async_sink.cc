#include "core/metrics/async/async_sink.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/metrics/record_fields.h"

namespace reprise {
namespace {

using AnyRecord = std::variant<RunStart, StepRecord, TrainEpochRecord,
                               TestRecord, TaskRecord, RunEnd>;
constexpr size_t kNumKinds = std::variant_size_v<AnyRecord>;

// The names of the kinds, in the order of the variant.
template <size_t... kIndices>
std::array<const char*, kNumKinds> KindNames(std::index_sequence<kIndices...>) {
  return {RecordKind(std::variant_alternative_t<kIndices, AnyRecord>())...};
}

}  // namespace

struct AsyncSink::State {
  AsyncSinkOptions options;
  std::unique_ptr<MetricSink> inner;  // the thread's

  std::mutex mutex;
  std::condition_variable work, idle;
  std::deque<AnyRecord> queue;
  bool is_busy = false;  // the thread has a record in hand
  bool is_ending = false;
  absl::Status failure;  // not returned yet
  std::array<int64_t, kNumKinds> dropped{};

  void Run() {
    std::unique_lock<std::mutex> lock(mutex);
    while (true) {
      work.wait(lock, [this] { return !queue.empty() || is_ending; });
      if (queue.empty()) break;
      const AnyRecord record = std::move(queue.front());
      queue.pop_front();
      is_busy = true;
      lock.unlock();
      const absl::Status status = std::visit(
          [this](const auto& r) { return ReportRecord(r, *inner); }, record);
      lock.lock();
      is_busy = false;
      failure.Update(status);
      if (queue.empty()) idle.notify_all();
    }
  }
};

AsyncSink::AsyncSink(AsyncSinkOptions options,
                     std::unique_ptr<MetricSink> inner)
    : state_(std::make_shared<State>()) {
  REPRISE_CHECK(options.queue_records > 0);
  state_->options = std::move(options);
  state_->inner = std::move(inner);
  thread_ = std::thread([state = state_] { state->Run(); });
}

AsyncSink::~AsyncSink() {
  const bool drained = Drain();
  {
    std::lock_guard<std::mutex> lock(state_->mutex);
    state_->is_ending = true;
  }
  state_->work.notify_all();
  if (drained) {
    thread_.join();
  } else {
    thread_.detach();
  }
  const std::map<std::string, int64_t> lost = dropped();
  std::lock_guard<std::mutex> lock(state_->mutex);
  if (!lost.empty()) {
    LogWarning(absl::StrCat(
        state_->options.name, " lacks records that found its queue of ",
        state_->options.queue_records, " full or were still in it at the end: ",
        absl::StrJoin(lost, ", ", absl::PairFormatter(" "))));
  }
  if (!state_->failure.ok()) {
    LogWarning(absl::StrCat(state_->options.name,
                            " misses results: ", state_->failure.message()));
  }
}

template <typename Record>
absl::Status AsyncSink::Queue(const Record& record) {
  State& state = *state_;
  absl::Status failure;
  bool was_empty;
  {
    std::lock_guard<std::mutex> lock(state.mutex);
    failure = std::exchange(state.failure, absl::OkStatus());
    was_empty = state.queue.empty();
    if (state.queue.size() < state.options.queue_records) {
      state.queue.emplace_back(record);
    } else {
      ++state.dropped[AnyRecord(Record()).index()];
    }
  }
  // A thread that is at work looks for more by itself.
  if (was_empty) state.work.notify_one();
  return failure;
}

bool AsyncSink::Drain() {
  State& state = *state_;
  std::unique_lock<std::mutex> lock(state.mutex);
  const absl::Duration limit =
      gave_up_ ? absl::ZeroDuration() : state.options.drain_limit;
  const bool drained = state.idle.wait_for(
      lock, absl::ToChronoNanoseconds(limit),
      [&state] { return state.queue.empty() && !state.is_busy; });
  if (drained) return true;
  gave_up_ = true;
  for (const AnyRecord& record : state.queue) ++state.dropped[record.index()];
  state.queue.clear();
  return false;
}

absl::Status AsyncSink::OnRunStart(const RunStart& run) { return Queue(run); }

absl::Status AsyncSink::OnStep(const StepRecord& step) { return Queue(step); }

absl::Status AsyncSink::OnTrainEpoch(const TrainEpochRecord& epoch) {
  return Queue(epoch);
}

absl::Status AsyncSink::OnTest(const TestRecord& test) { return Queue(test); }

absl::Status AsyncSink::OnTaskEnd(const TaskRecord& task) {
  return Queue(task);
}

absl::Status AsyncSink::OnRunEnd(const RunEnd& run) {
  absl::Status failure = Queue(run);
  if (!Drain()) {
    failure.Update(absl::DeadlineExceededError(
        absl::StrCat(state_->options.name, " took longer than ",
                     absl::FormatDuration(state_->options.drain_limit),
                     " for what was queued; what was left is dropped")));
  }
  std::lock_guard<std::mutex> lock(state_->mutex);
  failure.Update(std::exchange(state_->failure, absl::OkStatus()));
  return failure;
}

std::map<std::string, int64_t> AsyncSink::dropped() const {
  static const auto names = KindNames(std::make_index_sequence<kNumKinds>());
  std::lock_guard<std::mutex> lock(state_->mutex);
  std::map<std::string, int64_t> by_kind;
  for (size_t i = 0; i < kNumKinds; ++i) {
    if (state_->dropped[i] > 0) by_kind[names[i]] = state_->dropped[i];
  }
  return by_kind;
}

}  // namespace reprise
