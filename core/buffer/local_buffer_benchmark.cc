// One training step's use of a full buffer of MNIST rows: draw R, offer C.
//   bazel run //core/buffer:local_buffer_benchmark
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/base/check.h"
#include "core/base/sample.h"
#include "core/buffer/local_buffer.h"

namespace reprise {
namespace {

constexpr int64_t kClasses = 10, kCapacity = 6000, kRowBytes = 784;

void BM_DrawAndOffer(benchmark::State& state) {
  const int64_t count = state.range(0);
  std::vector<std::byte> rows(kClasses * kCapacity * kRowBytes);
  std::vector<Sample> all;
  for (int64_t i = 0; i < kClasses * kCapacity; ++i) {
    all.push_back(
        {rows.data() + i * kRowBytes, static_cast<int32_t>(i % kClasses), i});
  }
  LocalBuffer buffer({kClasses, kCapacity, kRowBytes, 42, 0});
  REPRISE_CHECK(buffer.Insert(all, 0, 0).ok()) << "filling";
  int64_t step = 0;
  for (auto _ : state) {
    ++step;
    auto drawn = buffer.Sample(count, 1, step);
    benchmark::DoNotOptimize(drawn);
    const std::vector<Sample> candidates(
        all.begin() + step * count % 50000,
        all.begin() + step * count % 50000 + count);
    benchmark::DoNotOptimize(buffer.Insert(candidates, 1, step).ok());
    benchmark::DoNotOptimize(buffer.State());
  }
}
BENCHMARK(BM_DrawAndOffer)->Arg(20)->Arg(512)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace reprise
