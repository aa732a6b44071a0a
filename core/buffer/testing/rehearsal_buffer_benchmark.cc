// A step's use of a rehearsal buffer in host memory:
//   bazel run //core/buffer/testing:rehearsal_buffer_benchmark
// In a device's: //core/device:tensor_rows_benchmark.
#include "benchmark/benchmark.h"
#include "core/buffer/testing/step_benchmark.h"

namespace reprise {
namespace {

void BM_StepOfHostRows(benchmark::State& state) {
  TimeRehearsalSteps(state, /*rows=*/nullptr);
}
BENCHMARK(BM_StepOfHostRows)->Arg(20)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace reprise
