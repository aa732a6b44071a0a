#include "core/base/processor.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

constexpr char kVariable[] = "REPRISE_MAX_CPU_ISA";

constexpr ProcessorFamily kFamilies[] = {
    ProcessorFamily::kBaseline, ProcessorFamily::kAvx2,
    ProcessorFamily::kAvx512, ProcessorFamily::kAvx512Bf16,
    ProcessorFamily::kAmx};

ProcessorFamily Ask() {
#ifdef __x86_64__
  // What __builtin_cpu_supports names is as the operating system lets programs
  // use it.
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2") ||
      !__builtin_cpu_supports("popcnt")) {
    return ProcessorFamily::kBaseline;
  }
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) == 0 || (ecx & bit_F16C) == 0) {
    return ProcessorFamily::kBaseline;
  }
  if (!__builtin_cpu_supports("avx512f") ||
      !__builtin_cpu_supports("avx512bw") ||
      !__builtin_cpu_supports("avx512dq") ||
      !__builtin_cpu_supports("avx512vl")) {
    return ProcessorFamily::kAvx2;
  }
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) == 0 ||
      (eax >> 5 & 1) == 0) {
    return ProcessorFamily::kAvx512;
  }
  // AMX_BF16 and AMX_TILE; then the tiles among the registers that the system
  // saves.
  constexpr unsigned kTiles = 3u << 17;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 ||
      (edx >> 22 & 1) == 0 || (edx >> 24 & 1) == 0) {
    return ProcessorFamily::kAvx512Bf16;
  }
  uint32_t saved = 0, high = 0;
  __asm__("xgetbv" : "=a"(saved), "=d"(high) : "c"(0));
  return (saved & kTiles) == kTiles ? ProcessorFamily::kAmx
                                    : ProcessorFamily::kAvx512Bf16;
#else
  return ProcessorFamily::kBaseline;
#endif
}

absl::StatusOr<ProcessorFamily> Limit() {
  const char* text = std::getenv(kVariable);
  if (text == nullptr || *text == '\0') return ProcessorFamily::kAmx;
  const absl::StatusOr<ProcessorFamily> family = FindProcessorFamily(text);
  return family.ok() ? family
                     : Annotate(family.status(), absl::StrCat("$", kVariable));
}

}  // namespace

absl::string_view NameOf(ProcessorFamily family) {
  switch (family) {
    case ProcessorFamily::kBaseline:
      return "baseline";
    case ProcessorFamily::kAvx2:
      return "avx2";
    case ProcessorFamily::kAvx512:
      return "avx512";
    case ProcessorFamily::kAvx512Bf16:
      return "avx512_bf16";
    case ProcessorFamily::kAmx:
      return "amx";
  }
  return "";
}

absl::StatusOr<ProcessorFamily> FindProcessorFamily(absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const ProcessorFamily family : kFamilies) {
    if (absl::EqualsIgnoreCase(NameOf(family), name)) return family;
    names.push_back(NameOf(family));
  }
  return UsageError(absl::StrCat("expected one of ", absl::StrJoin(names, ", "),
                                 ", found '", absl::CHexEscape(name),
                                 "'; without it nothing is limited"));
}

absl::Status CheckProcessorLimit() { return Limit().status(); }

ProcessorFamily HardwareProcessor() {
  static const ProcessorFamily hardware = Ask();
  return hardware;
}

ProcessorFamily ThisProcessor() {
  static const ProcessorFamily family = [] {
    const absl::StatusOr<ProcessorFamily> limit = Limit();
    REPRISE_CHECK(limit.ok()) << limit.status().message();
    return std::min(*limit, HardwareProcessor());
  }();
  return family;
}

}  // namespace reprise
