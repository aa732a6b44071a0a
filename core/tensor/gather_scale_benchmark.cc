// A batch of NT3: 20 rows of 60,483 values, drawn from many rows so that they
// come from memory.
//   bazel run //core/tensor:gather_scale_benchmark
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/base/dtype.h"
#include "core/tensor/gather_scale.h"

namespace reprise {
namespace {

constexpr int64_t kRows = 500, kElements = 60483, kBatch = 20;

void BM_GatherScale(benchmark::State& state) {
  const DType dtype = static_cast<DType>(state.range(0));
  const std::vector<float> stored(kRows * kElements, 0.5f);
  const std::vector<float> scale(kElements, 0.25f);
  std::vector<double> out(kBatch * kElements);  // room for the widest
  int64_t first = 0;
  for (auto _ : state) {
    std::vector<const std::byte*> rows;
    for (int64_t i = 0; i < kBatch; ++i) {
      first = (first + 37) % kRows;
      rows.push_back(reinterpret_cast<const std::byte*>(stored.data() +
                                                        first * kElements));
    }
    GatherScale(rows, scale, dtype, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBatch * kElements *
                          int64_t{sizeof(float)});
}
BENCHMARK(BM_GatherScale)
    ->ArgName("dtype")
    ->Arg(static_cast<int>(DType::kBFloat16))
    ->Arg(static_cast<int>(DType::kFloat32))
    ->Arg(static_cast<int>(DType::kFloat64))
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace reprise
