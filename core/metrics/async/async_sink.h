// A sink whose work another thread does: for what is too slow for the training
// thread, or waits for a network. A call costs the training thread a copy of
// the record and a lock: about 0.05 us,
// and 4 us where the other thread sleeps and has to be woken
// (async_sink_benchmark.cc).
//
// Records wait in a bounded queue. One that finds it full is dropped and
// counted, so that neither memory grows nor training waits. The inner sink is
// called by the one thread, in the order of the run; its first failure is kept
// and returned by the next call, then that of what came after it.
//
// OnRunEnd, and the destructor of a run that ends without it, wait until
// everything queued has been handed on, but for at most `drain_limit`, and not
// again where it has passed once. What is still queued then counts as dropped.
// An inner sink that is stuck even then is left to its thread, which deletes it
// if it ever returns: it must refer to nothing that dies before the process,
// and should bound its own waiting.
//
// Calls from one thread.
#ifndef REPRISE_CORE_METRICS_ASYNC_ASYNC_SINK_H_
#define REPRISE_CORE_METRICS_ASYNC_ASYNC_SINK_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

struct AsyncSinkOptions {
  std::string name;             // of the inner sink, for messages
  size_t queue_records = 8192;  // > 0; about 0.2 KiB each
  absl::Duration drain_limit = absl::Seconds(30);
};

class AsyncSink final : public MetricSink {
 public:
  AsyncSink(AsyncSinkOptions options, std::unique_ptr<MetricSink> inner);
  // Warns of records dropped and of a failure that no call has returned.
  ~AsyncSink() override;

  // A failure of the inner sink at an earlier record; the record given is
  // queued all the same.
  absl::Status OnRunStart(const RunStart& run) override;
  absl::Status OnStep(const StepRecord& step) override;
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override;
  absl::Status OnTest(const TestRecord& test) override;
  absl::Status OnTaskEnd(const TaskRecord& task) override;
  // Also one at this record, and DeadlineExceeded where the limit passes.
  absl::Status OnRunEnd(const RunEnd& run) override;

  // Records dropped so far, by their kind (record_fields.h).
  std::map<std::string, int64_t> dropped() const;

 private:
  struct State;

  template <typename Record>
  absl::Status Queue(const Record& record);
  bool Drain();  // whether all was handed on within the limit

  const std::shared_ptr<State> state_;  // with the thread, if it is stuck
  std::thread thread_;
  bool gave_up_ = false;  // the limit has passed once
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_ASYNC_ASYNC_SINK_H_
