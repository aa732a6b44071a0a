#include "models/memory_format_table.h"

#include <torch/version.h>

namespace reprise {
namespace {

// The LibTorch, with its oneDNN, that the rows were measured with.
constexpr char kMeasuredWith[] = "2.11.0";

struct Row {
  const char* model;
  ProcessorFamily family;
  c10::ScalarType compute_type;
  at::MemoryFormat fastest;
};

constexpr auto kFp32 = c10::ScalarType::Float;
constexpr auto kBf16 = c10::ScalarType::BFloat16;
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr auto kContiguous = at::MemoryFormat::Contiguous;

// As //models:memory_format_benchmark prints it: time of a training step
// channels last / contiguous, median of the pairs (least, greatest), batch. On
// an Intel processor with AMX, which played the others. Only where all pairs
// agree and the median gains 3 %; what is not here takes the rule.
constexpr Row kRows[] = {
    // 0.56 (0.51, 0.62), 84
    {"mnistnet", ProcessorFamily::kAvx2, kFp32, kChannelsLast},
    // 0.56 (0.52, 0.60), 84
    {"mnistnet", ProcessorFamily::kAvx512, kFp32, kChannelsLast},
    // 0.52 (0.48, 0.55), 84
    {"mnistnet", ProcessorFamily::kAvx512Bf16, kFp32, kChannelsLast},
    // 0.64 (0.61, 0.67), 84
    {"mnistnet", ProcessorFamily::kAvx512Bf16, kBf16, kChannelsLast},
    // 0.54 (0.51, 0.56), 84
    {"mnistnet", ProcessorFamily::kAmx, kFp32, kChannelsLast},
    // 0.35 (0.34, 0.36), 84
    {"mnistnet", ProcessorFamily::kAmx, kBf16, kChannelsLast},
    // 2.61 (2.41, 2.80), 2; 2.49 (2.34, 2.65), 4
    {"candlenet", ProcessorFamily::kAvx2, kFp32, kContiguous},
    // 1.58 (1.48, 1.69), 2
    {"candlenet", ProcessorFamily::kAvx512, kFp32, kContiguous},
    // 1.34 (1.34, 1.35), 2
    {"candlenet", ProcessorFamily::kAvx512Bf16, kFp32, kContiguous},
    // 1.03 (1.01, 1.05), 2
    {"candlenet", ProcessorFamily::kAvx512Bf16, kBf16, kContiguous},
    // 1.57 (1.52, 1.62), 2
    {"candlenet", ProcessorFamily::kAmx, kFp32, kContiguous},
    // 0.74 (0.69, 0.80), 2
    {"candlenet", ProcessorFamily::kAmx, kBf16, kChannelsLast},
    // 1.15 (1.04, 1.20), 8
    {"resnet34", ProcessorFamily::kAvx512, kFp32, kContiguous},
    // 1.09 (1.06, 1.12), 8
    {"resnet34", ProcessorFamily::kAvx512Bf16, kBf16, kContiguous},
    // 0.93 (0.89, 0.97), 8
    {"resnet34", ProcessorFamily::kAmx, kBf16, kChannelsLast},
    // 1.03 (1.01, 1.08), 4
    {"resnet101", ProcessorFamily::kAvx2, kFp32, kContiguous},
    // 0.96 (0.95, 0.97), 4
    {"resnet101", ProcessorFamily::kAvx512Bf16, kFp32, kChannelsLast},
    // 1.05 (1.04, 1.05), 4
    {"resnet101", ProcessorFamily::kAvx512Bf16, kBf16, kContiguous},
    // 0.88 (0.83, 0.94), 4
    {"resnet101", ProcessorFamily::kAmx, kBf16, kChannelsLast},
    // 0.94 (0.94, 0.96), 4
    {"resnet152", ProcessorFamily::kAvx512Bf16, kFp32, kChannelsLast},
};

}  // namespace

MemoryFormatChoice FastestMemoryFormat(absl::string_view model,
                                       c10::Device device,
                                       ProcessorFamily family,
                                       c10::ScalarType compute_type,
                                       absl::string_view libtorch_version) {
  if (!device.is_cpu()) return {kChannelsLast, false};
  if (libtorch_version == kMeasuredWith) {
    for (const Row& row : kRows) {
      if (row.model == model && row.family == family &&
          row.compute_type == compute_type) {
        return {row.fastest, true};
      }
    }
  }
  return {compute_type == kBf16 ? kChannelsLast : kContiguous, false};
}

absl::string_view LibTorchOfMemoryFormats() { return kMeasuredWith; }

absl::string_view LibTorchVersion() { return TORCH_VERSION; }

absl::string_view NameOf(at::MemoryFormat format) {
  return format == kChannelsLast ? "channels_last" : "contiguous";
}

}  // namespace reprise
