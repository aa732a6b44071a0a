// A step's use of a rehearsal buffer whose rows lie in tensors, on the tests'
// device (core/device/testing/test_device.h):
//   REPRISE_TEST_DEVICE=cuda bazel run //core/device:tensor_rows_benchmark
// A GPU works behind the host: times are the larger of both.
#include <memory>

#include "benchmark/benchmark.h"
#include "core/buffer/testing/step_benchmark.h"
#include "core/device/tensor_rows.h"
#include "core/device/testing/test_device.h"

namespace reprise {
namespace {

void BM_StepOfTensorRows(benchmark::State& state) {
  TimeRehearsalSteps(state, MakeTensorRows(TestDevice(), kMnistRowBytes,
                                           /*communicator=*/nullptr));
}
BENCHMARK(BM_StepOfTensorRows)
    ->Arg(20)
    ->Arg(512)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace reprise
