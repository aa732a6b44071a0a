// What a record costs the training thread. Figures: docs/MONITORING.md.
//
//   ./bazelw run -c opt //core/metrics/async:async_sink_benchmark
#include <chrono>
#include <memory>
#include <thread>

#include "benchmark/benchmark.h"
#include "core/metrics/async/async_sink.h"
#include "core/metrics/metric_sink.h"

namespace reprise {
namespace {

// Its thread has gone to sleep again before each record, as between steps.
void BM_StepAfterAPause(benchmark::State& state) {
  AsyncSink sink({"sink"}, std::make_unique<MetricSink>());
  for (auto _ : state) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    const auto begin = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(sink.OnStep(StepRecord()));
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
            .count());
  }
}
BENCHMARK(BM_StepAfterAPause)->UseManualTime()->Iterations(5000);

// Records without a pause; those that find the queue full are dropped.
void BM_StepAtOnce(benchmark::State& state) {
  AsyncSink sink({"sink"}, std::make_unique<MetricSink>());
  for (auto _ : state) benchmark::DoNotOptimize(sink.OnStep(StepRecord()));
}
BENCHMARK(BM_StepAtOnce)->Iterations(5000);

}  // namespace
}  // namespace reprise
