#include "core/tensor/libtorch_processor.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "core/base/environment.h"

namespace reprise {
namespace {

void SetUnlessSet(const char* name, const char* value) {
  if (GetEnv(name).empty()) setenv(name, value, /*replace=*/1);
}

// In the order in which oneDNN reads them.
constexpr const char* kOneDnnLimits[] = {"ONEDNN_MAX_CPU_ISA",
                                         "DNNL_MAX_CPU_ISA"};

}  // namespace

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
  if (GetEnv(kOneDnnLimits[1]).empty()) SetUnlessSet(kOneDnnLimits[0], onednn);
  SetUnlessSet("ATEN_CPU_CAPABILITY", aten);
  SetUnlessSet("MKL_ENABLE_INSTRUCTIONS", mkl);
}

ProcessorFamily LibTorchProcessor() {
  for (const char* name : kOneDnnLimits) {
    const std::string limit = GetEnv(name);
    if (!limit.empty()) return std::min(ThisProcessor(), LimitOfOneDnn(limit));
  }
  return ThisProcessor();
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
