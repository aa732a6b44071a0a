// A batch of NT3: 20 rows of 60,483 values, drawn from many rows so that they
// come from memory.
//   bazel run //core/tensor:gather_scale_benchmark
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/tensor/element.h"
#include "core/tensor/gather_scale.h"

namespace reprise {
namespace {

constexpr int64_t kRows = 500, kElements = 60483, kBatch = 20;

void BM_GatherScale(benchmark::State& state) {
  const Element element = static_cast<Element>(state.range(0));
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
    GatherScale(rows, scale, element, out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * kBatch * kElements *
                          int64_t{sizeof(float)});
}
BENCHMARK(BM_GatherScale)
    ->ArgName("element")
    ->Arg(static_cast<int>(Element::kBFloat16))
    ->Arg(static_cast<int>(Element::kFloat32))
    ->Arg(static_cast<int>(Element::kFloat64))
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace reprise
