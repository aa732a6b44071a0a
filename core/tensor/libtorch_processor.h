// Which vector instructions LibTorch's libraries use. Each has an environment
// variable of its own that limits it, read when it first computes.
#ifndef REPRISE_CORE_TENSOR_LIBTORCH_PROCESSOR_H_
#define REPRISE_CORE_TENSOR_LIBTORCH_PROCESSOR_H_

#include "absl/strings/string_view.h"
#include "core/base/processor.h"

namespace reprise {

// What REPRISE_MAX_CPU_ISA allows, for LibTorch too: sets ONEDNN_MAX_CPU_ISA
// (unless DNNL_MAX_CPU_ISA, oneDNN's other name for it, is set),
// ATEN_CPU_CAPABILITY and MKL_ENABLE_INSTRUCTIONS, each unless it is set and
// not empty. Only where the variable takes something away from this processor.
// Before anything computes, and before there is a second thread.
void LimitLibTorch();

// The family whose convolutions oneDNN takes: ThisProcessor(), or less where
// ONEDNN_MAX_CPU_ISA, or without it DNNL_MAX_CPU_ISA, says so. Precision and
// memory format follow it.
ProcessorFamily LibTorchProcessor();

// The greatest family that a value of ONEDNN_MAX_CPU_ISA allows; as oneDNN, all
// of them where it knows no such value.
ProcessorFamily LimitOfOneDnn(absl::string_view value);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_LIBTORCH_PROCESSOR_H_
