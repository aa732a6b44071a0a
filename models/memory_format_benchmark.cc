// Processor time of a training step (forward, backward) in both memory formats,
// alternated in one process, as rows of memory_format_table.cc:
//   bazel run //models:memory_format_benchmark -- MODEL fp32|bf16 [BATCH]
//     [PAIRS] [THREADS]
// MODEL: a name of model_table.h; resnet18 ... resnet152. REPRISE_MAX_CPU_ISA
// plays a lesser processor. The optimizer's pass over the flat vectors is the
// same in both formats and left out. A row is commented out where the pairs do
// not agree or the median gains less than 3 %.
#include <ATen/Parallel.h>
#include <ATen/ops/empty_strided.h>
#include <ATen/ops/ones_like.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "core/base/freed_memory.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/tensor/libtorch_processor.h"
#include "models/input_shape.h"
#include "models/memory_format_table.h"
#include "models/model_table.h"

namespace reprise {
namespace {

struct Arguments {
  std::string model;
  bool bf16 = false;
  int64_t batch = 0, pairs = 5, threads = 1;
};

absl::StatusOr<Arguments> Parse(int argc, char** argv) {
  Arguments arguments;
  if (argc < 3) return UsageError("expected MODEL and fp32 or bf16");
  arguments.model = argv[1];
  arguments.bf16 = absl::string_view(argv[2]) == "bf16";
  if (!arguments.bf16 && absl::string_view(argv[2]) != "fp32") {
    return UsageError(
        absl::StrFormat("expected fp32 or bf16, found '%s'", argv[2]));
  }
  // As the experiments have it, representatives included.
  arguments.batch = arguments.model == "candlenet" ? 20 : 84;
  int64_t* const numbers[] = {&arguments.batch, &arguments.pairs,
                              &arguments.threads};
  for (int i = 3; i < argc; ++i) {
    if (i > 5 || !absl::SimpleAtoi(argv[i], numbers[i - 3]) ||
        *numbers[i - 3] < 1) {
      return UsageError(absl::StrFormat(
          "expected BATCH, PAIRS and THREADS from 1, found '%s'", argv[i]));
    }
  }
  return arguments;
}

absl::StatusOr<std::unique_ptr<Model>> Make(const Arguments& arguments,
                                            at::MemoryFormat format) {
  ModelChoice choice;
  choice.name = arguments.model;
  if (absl::StartsWith(arguments.model, "resnet")) {
    choice.name = "resnet";
    if (!absl::SimpleAtoi(arguments.model.substr(6), &choice.resnet.depth)) {
      return UsageError("expected resnet with a depth, as resnet34");
    }
  }
  ModelOptions options;
  options.compute_type = arguments.bf16 ? at::kBFloat16 : at::kFloat;
  options.memory_format = format;
  return MakeModel(choice, options);
}

// As BatchInput makes them: NHWC in memory.
at::Tensor InputOf(const Model& model, int64_t batch) {
  const InputShape s = model.input_shape();
  const at::Tensor input = at::empty_strided(
      {batch, s.channels, s.height, s.width},
      {s.channels * s.height * s.width, 1, s.channels * s.width, s.channels},
      model.options().compute_type);
  return input.uniform_(-1, 1);
}

// Of all threads: a neighbour disturbs it less than the clock.
double ProcessorSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

double SecondsOfStep(Model& model, const at::Tensor& input,
                     const std::vector<int64_t>& positions) {
  ForwardContext context;
  context.training = true;
  context.positions = &positions;
  const double start = ProcessorSeconds();
  model.parameters().RefreshLeaves();
  const ModelOutput output = model.Forward(input, context);
  model.parameters().BeginBackward();
  output.logits.backward(at::ones_like(output.logits));
  model.parameters().FinishBackward();
  return ProcessorSeconds() - start;
}

absl::Status Run(int argc, char** argv) {
  REPRISE_RETURN_IF_ERROR(CheckProcessorLimit());
  LimitLibTorch();
  KeepFreedMemory();
  REPRISE_ASSIGN_OR_RETURN(const Arguments arguments, Parse(argc, argv));
  at::set_num_threads(static_cast<int>(arguments.threads));
  std::vector<std::unique_ptr<Model>> models;
  for (const at::MemoryFormat format :
       {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous}) {
    REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Model> model,
                             Make(arguments, format));
    model->parameters().Initialize(1);
    models.push_back(std::move(model));
  }
  const at::Tensor input = InputOf(*models[0], arguments.batch);
  std::vector<int64_t> positions(arguments.batch);
  std::iota(positions.begin(), positions.end(), 0);
  for (const auto& model : models) SecondsOfStep(*model, input, positions);
  // A short step is repeated: about half a second a side of a pair.
  const double once = SecondsOfStep(*models[0], input, positions);
  const int repeats = std::clamp(static_cast<int>(0.5 / once), 1, 50);
  std::vector<double> ratios;
  for (int64_t pair = 0; pair < arguments.pairs; ++pair) {
    double seconds[2] = {0, 0};
    // Each is first in every second pair.
    for (const int64_t i : {pair % 2, 1 - pair % 2}) {
      for (int r = 0; r < repeats; ++r) {
        seconds[i] += SecondsOfStep(*models[i], input, positions) / repeats;
      }
    }
    std::cerr << absl::StrFormat(
        "channels last %.4f s, contiguous %.4f s a step\n", seconds[0],
        seconds[1]);
    ratios.push_back(seconds[0] / seconds[1]);
  }
  std::sort(ratios.begin(), ratios.end());
  const double median =
      (ratios[(ratios.size() - 1) / 2] + ratios[ratios.size() / 2]) / 2;
  const bool agree = (ratios.front() < 1) == (ratios.back() < 1);
  constexpr double kLeastGain = 0.03;
  constexpr const char* kFamilies[] = {"kBaseline", "kAvx2", "kAvx512",
                                       "kAvx512Bf16", "kAmx"};
  std::cout << absl::StrFormat(
      "    // %.2f (%.2f, %.2f), batch %d, LibTorch %s\n"
      "    %s{\"%s\", ProcessorFamily::%s, %s, %s},\n",
      median, ratios.front(), ratios.back(), arguments.batch, LibTorchVersion(),
      agree && std::abs(median - 1) >= kLeastGain ? "" : "// ",
      models[0]->name(), kFamilies[static_cast<int>(LibTorchProcessor())],
      arguments.bf16 ? "kBf16" : "kFp32",
      median < 1 ? "kChannelsLast" : "kContiguous");
  return absl::OkStatus();
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  const absl::Status status = reprise::Run(argc, argv);
  if (!status.ok()) std::cerr << status.message() << "\n";
  return static_cast<int>(reprise::ExitCodeOf(status));
}
