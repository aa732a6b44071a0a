// A batch of CIFAR-10's rows, scattered over its 154 MB, to network input. The
// time is per row.
//   bazel run //core/tensor:gather_normalize_benchmark
#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/base/dtype.h"
#include "core/tensor/augmentation.h"
#include "core/tensor/gather_normalize.h"

namespace reprise {
namespace {

constexpr int64_t kRows = 50000, kRowBytes = 3 * 32 * 32, kBatch = 64;

void Gather(benchmark::State& state, DType dtype, bool augmented) {
  ImageNormalization normalization;
  normalization.channels = 3;
  normalization.height = normalization.width = 32;
  normalization.mean = {0.485, 0.456, 0.406};
  normalization.stddev = {0.229, 0.224, 0.225};
  const ImageGatherer gatherer(normalization);
  std::vector<std::byte> data(kRows * kRowBytes);
  for (size_t i = 0; i < data.size(); ++i) data[i] = std::byte(i * 7 >> 3);
  std::vector<double> out(kBatch * kRowBytes);
  std::vector<const std::byte*> rows(kBatch);
  std::vector<int64_t> positions(kBatch);
  std::vector<Placement> placements;
  int64_t next = 0;
  uint32_t step = 0;
  for (auto _ : state) {
    for (int64_t i = 0; i < kBatch; ++i) {
      next = (next + 7919) % kRows;
      rows[i] = data.data() + next * kRowBytes;
      positions[i] = i;
    }
    if (augmented) placements = StandardPlacements(42, 0, ++step, positions);
    gatherer.Gather(rows, placements, dtype, out.data());
    benchmark::ClobberMemory();
  }
  state.counters["s_per_row"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kBatch),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK_CAPTURE(Gather, float_plain, DType::kFloat32, false);
BENCHMARK_CAPTURE(Gather, float_augmented, DType::kFloat32, true);
BENCHMARK_CAPTURE(Gather, bfloat16_plain, DType::kBFloat16, false);
BENCHMARK_CAPTURE(Gather, bfloat16_augmented, DType::kBFloat16, true);

void Place(benchmark::State& state) {
  const std::vector<int64_t> positions(kBatch, 5);
  uint32_t step = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(StandardPlacements(42, 0, ++step, positions));
  }
  state.counters["s_per_row"] = benchmark::Counter(
      static_cast<double>(state.iterations() * kBatch),
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(Place);

}  // namespace
}  // namespace reprise
