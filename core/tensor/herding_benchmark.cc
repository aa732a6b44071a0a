// The exemplars of one CIFAR-10 class from the features of a ResNet-34.
//   bazel run //core/tensor:herding_benchmark
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/base/philox.h"
#include "core/tensor/feature_rows.h"
#include "core/tensor/herding.h"

namespace reprise {
namespace {

void BM_HerdingOrder(benchmark::State& state) {
  const int64_t n = 5000, d = 512, m = state.range(0);
  PhiloxStream stream({1, Purpose::kTest, 0, 0, 0});
  std::vector<float> features(n * d);
  for (float& value : features) value = stream.NextUniform();
  NormalizeRows(features.data(), n, d);
  for (auto _ : state) {
    benchmark::DoNotOptimize(HerdingOrder(features.data(), n, d, m));
  }
}
BENCHMARK(BM_HerdingOrder)->Arg(500)->Arg(5000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reprise
