// Network input from rows in a device's memory, on that device: the
// counterparts of core/tensor/{gather_normalize,gather_scale}.h, with their
// results bit by bit.
#ifndef REPRISE_CORE_DEVICE_DEVICE_INPUT_H_
#define REPRISE_CORE_DEVICE_DEVICE_INPUT_H_

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/base/input_shape.h"
#include "core/tensor/gather_normalize.h"

namespace reprise {

// Images of bytes. rows: [n, C H W] uint8; `table`: [C, 256] values of the
// input's type, what each byte becomes; both on one device. `placements`: [n]
// or empty. Result: [n, C, H, W] of the table's type, there. LibTorch
// exceptions pass through.
at::Tensor InputOfDeviceImages(const InputShape& shape, const at::Tensor& table,
                               const at::Tensor& rows,
                               const std::vector<Placement>& placements);

// Rows of E fp32 values. rows: [n, 4 E] bytes; `scale`: [E] fp32; both on one
// device; E = H W. Result: [n, 1, H, W] of `type`, there. LibTorch exceptions
// pass through.
at::Tensor InputOfDeviceValues(const InputShape& shape, const at::Tensor& scale,
                               const at::Tensor& rows, at::ScalarType type);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_DEVICE_INPUT_H_
