// One step over the parameters of a ResNet-34.
//   bazel run //core/tensor:optimizer_step_benchmark
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "core/tensor/optimizer_step.h"

namespace reprise {
namespace {

void BM_OptimizerStep(benchmark::State& state, OptimizerKind kind,
                      double momentum, bool centered) {
  constexpr int64_t kParameters = 21'300'000;
  OptimizerOptions options;
  options.kind = kind;
  options.momentum = momentum;
  options.centered = centered;
  const int num_states = NumStates(options);
  std::vector<float> numerators(kParameters, 0.5f), parameters(kParameters, 1);
  std::vector<std::vector<float>> storage(num_states,
                                          std::vector<float>(kParameters));
  std::vector<float*> states;
  for (auto& one : storage) states.push_back(one.data());
  int64_t step = 0;
  for (auto _ : state) {
    OptimizerStep<float>(options, ++step, 0.01, numerators.data(), kParameters,
                         states, parameters.data());
  }
  // The gradient is read; parameters and states are read and written.
  state.SetBytesProcessed(state.iterations() * kParameters * sizeof(float) *
                          (3 + 2 * num_states));
}
BENCHMARK_CAPTURE(BM_OptimizerStep, sgd, OptimizerKind::kSgd, 0, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, sgd_momentum, OptimizerKind::kSgd, 0.9,
                  false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, adam, OptimizerKind::kAdam, 0, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, adamw, OptimizerKind::kAdamW, 0, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, rmsprop, OptimizerKind::kRmsProp, 0, false)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, rmsprop_centered_momentum,
                  OptimizerKind::kRmsProp, 0.9, true)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(BM_OptimizerStep, adagrad, OptimizerKind::kAdagrad, 0, false)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace reprise
