#include "core/tensor/libtorch_processor.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"

namespace reprise {

void LimitLibTorch() {
  if (ThisProcessor() == HardwareProcessor()) return;
  const char *onednn = "", *aten = "avx512", *mkl = "AVX512";
  switch (ThisProcessor()) {
    case ProcessorFamily::kBaseline:
      onednn = "SSE41";
      aten = "default";
      mkl = "SSE4_2";
      break;
    case ProcessorFamily::kAvx2:
      onednn = "AVX2";
      aten = "avx2";
      mkl = "AVX2";
      break;
    case ProcessorFamily::kAvx512:
      onednn = "AVX512_CORE";
      break;
    case ProcessorFamily::kAvx512Bf16:
      onednn = "AVX512_CORE_BF16";
      break;
    case ProcessorFamily::kAmx:
      return;
  }
  setenv("ONEDNN_MAX_CPU_ISA", onednn, /*replace=*/0);
  setenv("ATEN_CPU_CAPABILITY", aten, /*replace=*/0);
  setenv("MKL_ENABLE_INSTRUCTIONS", mkl, /*replace=*/0);
}

ProcessorFamily LibTorchProcessor() {
  const char* value = std::getenv("ONEDNN_MAX_CPU_ISA");
  return value == nullptr ? ThisProcessor()
                          : std::min(ThisProcessor(), LimitOfOneDnn(value));
}

ProcessorFamily LimitOfOneDnn(absl::string_view value) {
  constexpr std::pair<const char*, ProcessorFamily> kLimits[] = {
      {"sse41", ProcessorFamily::kBaseline},
      {"avx", ProcessorFamily::kBaseline},
      {"avx2", ProcessorFamily::kAvx2},
      {"avx2_vnni", ProcessorFamily::kAvx2},
      {"avx2_vnni_2", ProcessorFamily::kAvx2},
      {"avx512_core", ProcessorFamily::kAvx512},
      {"avx512_core_vnni", ProcessorFamily::kAvx512},
      {"avx512_core_bf16", ProcessorFamily::kAvx512Bf16},
      {"avx512_core_fp16", ProcessorFamily::kAvx512Bf16},
      {"avx10_1_512", ProcessorFamily::kAvx512Bf16},
  };
  for (const auto& [name, limit] : kLimits) {
    if (absl::EqualsIgnoreCase(value, name)) return limit;
  }
  return ProcessorFamily::kAmx;
}

}  // namespace reprise
