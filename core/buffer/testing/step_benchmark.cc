#include "core/buffer/testing/step_benchmark.h"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/check.h"
#include "core/base/sample.h"
#include "core/buffer/rehearsal_buffer.h"

namespace reprise {

void TimeRehearsalSteps(benchmark::State& state,
                        std::unique_ptr<RowStore> rows) {
  const int64_t count = state.range(0);
  RehearsalBufferOptions options;
  options.num_classes = 10;
  options.capacity_per_class = 6000;
  options.row_bytes = kMnistRowBytes;
  options.candidates = std::nullopt;
  options.representatives = count;
  RehearsalBuffer buffer(options, /*shared_by=*/nullptr, std::move(rows));

  const int64_t held = options.num_classes * options.capacity_per_class;
  const std::vector<std::byte> bytes(held * kMnistRowBytes);
  std::vector<Sample> all;
  for (int64_t i = 0; i < held; ++i) {
    all.push_back({bytes.data() + i * kMnistRowBytes,
                   static_cast<int32_t>(i % options.num_classes), i});
  }
  const auto run = [&](int64_t step, std::vector<Sample> incoming) {
    absl::StatusOr<Representatives> given =
        buffer.BeginStep({0, step, std::move(incoming), 0});
    REPRISE_CHECK(given.ok()) << given.status().ToString();
    benchmark::DoNotOptimize(given);
    const absl::Status ended = buffer.EndStep();
    REPRISE_CHECK(ended.ok()) << ended.ToString();
  };
  run(0, all);
  int64_t step = 0;
  for (auto _ : state) {
    ++step;
    const auto first = all.begin() + step * count % 50000;
    run(step, std::vector<Sample>(first, first + count));
    benchmark::DoNotOptimize(buffer.Stats());
  }
}

}  // namespace reprise
