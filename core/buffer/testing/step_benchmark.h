// One training step's use of a full rehearsal buffer of MNIST rows, timed.
#ifndef REPRISE_CORE_BUFFER_TESTING_STEP_BENCHMARK_H_
#define REPRISE_CORE_BUFFER_TESTING_STEP_BENCHMARK_H_

#include <cstdint>
#include <memory>

#include "benchmark/benchmark.h"
#include "core/buffer/row_store.h"

namespace reprise {

inline constexpr int64_t kMnistRowBytes = 784;

// Steps of a buffer of one rank: draw state.range(0), offer as many, Stats.
// `rows`: where its rows lie, of kMnistRowBytes; nullptr: host memory.
void TimeRehearsalSteps(benchmark::State& state,
                        std::unique_ptr<RowStore> rows);

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_TESTING_STEP_BENCHMARK_H_
