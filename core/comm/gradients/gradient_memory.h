// The flat buffer of gradients that a GradientReducer sums, in whatever memory
// it lies: of the host (here) or of a device (core/device/tensor_gradients.h).
#ifndef REPRISE_CORE_COMM_GRADIENTS_GRADIENT_MEMORY_H_
#define REPRISE_CORE_COMM_GRADIENTS_GRADIENT_MEMORY_H_

#include <cstdint>
#include <memory>

#include "core/base/dtype.h"

namespace reprise {

// Elements are numbered over the whole buffer
// (core/comm/gradients/parameter_layout.h says what they are). Ranges of
// different calls may be worked on by different threads. Exceptions of
// LibTorch, where one is made of tensors, pass through.
class GradientMemory {
 public:
  virtual ~GradientMemory() = default;

  virtual DType dtype() const = 0;  // kFloat32 or kFloat64
  // Once, before all else: the gradients are summed as 16-bit floats of type
  // `dtype`. `elements`: of the whole buffer.
  virtual void Compress(DType dtype, int64_t elements) = 0;

  virtual void Set(int64_t element, double value) = 0;
  virtual double Get(int64_t element) = 0;
  // For collectives: the element itself; what is sent of the gradients from
  // element `offset` on.
  virtual void* at(int64_t element) = 0;
  virtual void* sent(int64_t offset) = 0;

  // Before the sum: what is sent = gradients * factor.
  virtual void Prepare(int64_t offset, int64_t count, double factor) = 0;
  // After it: gradients = what was sent * factor. Whether all are finite; not
  // looked at, and true, where there is nothing to do: the factor is 1 and
  // nothing is compressed.
  virtual bool Restore(int64_t offset, int64_t count, double factor) = 0;
};

// `flat` is the caller's and outlives the result.
std::unique_ptr<GradientMemory> MakeHostGradients(void* flat, DType dtype);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_GRADIENTS_GRADIENT_MEMORY_H_
