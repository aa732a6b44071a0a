// Which vector instructions this process may use: those of the processor, as
// the operating system lets programs use them, up to what the environment
// variable REPRISE_MAX_CPU_ISA allows (baseline, avx2, avx512, avx512_bf16 or
// amx, in any case). Every choice of a kernel of ours asks here, so that the
// variable plays a lesser processor on a better one, in tests and measurements.
#ifndef REPRISE_CORE_BASE_PROCESSOR_H_
#define REPRISE_CORE_BASE_PROCESSOR_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

// Each has all of those before it.
enum class ProcessorFamily {
  kBaseline,    // what the compiler takes for granted
  kAvx2,        // with FMA, F16C, BMI 1 and 2, POPCNT
  kAvx512,      // F, BW, DQ, VL
  kAvx512Bf16,  // products of bf16 pairs
  kAmx,         // products of bf16 tiles
};

// "avx512_bf16": as REPRISE_MAX_CPU_ISA names it.
absl::string_view NameOf(ProcessorFamily family);
// The inverse, in any case. UsageError that lists the names.
absl::StatusOr<ProcessorFamily> FindProcessorFamily(absl::string_view name);

// UsageError where REPRISE_MAX_CPU_ISA has another value. A program asks before
// anything else here, which would abort.
absl::Status CheckProcessorLimit();

// What the processor has, and what of it may be used. Both are the same for all
// of the process's time.
ProcessorFamily HardwareProcessor();
ProcessorFamily ThisProcessor();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PROCESSOR_H_
