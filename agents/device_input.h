// Network input from rows in a device's memory, on that device: the
// counterpart of core/tensor/{gather_normalize,gather_scale}.h, with their
// results bit by bit.
#ifndef REPRISE_AGENTS_DEVICE_INPUT_H_
#define REPRISE_AGENTS_DEVICE_INPUT_H_

#include <ATen/core/Tensor.h>

#include <vector>

#include "core/tensor/gather_normalize.h"
#include "data/dataset.h"

namespace reprise {

// rows: [n, row_bytes] bytes. `table`: what bytes become, [C, 256] values of
// the input's type, or, of fp32 rows, the scale of each element, [E] fp32; both
// on the rows' device. `placements`: [n] or empty. Result: [n, C, H, W] of
// `type`. LibTorch exceptions pass through.
at::Tensor InputOfDeviceRows(const RowFormat& format, const at::Tensor& table,
                             const at::Tensor& rows,
                             const std::vector<Placement>& placements,
                             at::ScalarType type);

}  // namespace reprise

#endif  // REPRISE_AGENTS_DEVICE_INPUT_H_
