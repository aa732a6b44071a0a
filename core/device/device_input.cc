#include "core/device/device_input.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/take.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cstdint>

namespace reprise {
namespace {

// [n, H W]: which byte of a plane each pixel reads; H W where it is padding.
at::Tensor PixelsRead(const InputShape& shape,
                      const std::vector<Placement>& placements,
                      at::Device device) {
  const int64_t n = static_cast<int64_t>(placements.size());
  const int64_t height = shape.height, width = shape.width;
  const at::Tensor host = at::empty({3, n, 1}, at::kLong);
  int64_t* at = host.data_ptr<int64_t>();
  for (const Placement& placement : placements) {
    at[0] = placement.dy;
    at[n] = placement.dx;
    at[2 * n] = placement.flip ? 1 : 0;
    ++at;
  }
  const at::Tensor placed = host.to(device);
  const auto options = at::TensorOptions(at::kLong).device(device);
  const at::Tensor column = at::arange(width, options);
  const at::Tensor y = placed[0].add(at::arange(height, options));
  const at::Tensor x =
      at::where(placed[2].eq(1), column.flip(0), column).add(placed[1]);
  const at::Tensor inside_y = y.ge(0).logical_and(y.lt(height));
  const at::Tensor inside_x = x.ge(0).logical_and(x.lt(width));
  const at::Tensor inside =
      inside_y.unsqueeze(2).logical_and(inside_x.unsqueeze(1));
  const at::Tensor pixel = y.unsqueeze(2).mul(width).add(x.unsqueeze(1));
  return at::where(inside, pixel, height * width).flatten(1);
}

}  // namespace

at::Tensor InputOfDeviceImages(const InputShape& shape, const at::Tensor& table,
                               const at::Tensor& rows,
                               const std::vector<Placement>& placements) {
  const int64_t n = rows.size(0);
  const int64_t channels = shape.channels;
  const int64_t pixels = shape.height * shape.width;
  at::Tensor bytes = rows.view({n, channels, pixels});
  if (!placements.empty()) {
    // A plane's byte after the last is the padding's: 0.
    const at::Tensor padded =
        at::cat({bytes, at::zeros({n, channels, 1}, rows.options())}, 2);
    bytes = padded.gather(2, PixelsRead(shape, placements, rows.device())
                                 .unsqueeze(1)
                                 .expand({n, channels, pixels}));
  }
  const at::Tensor first =
      at::arange(0, 256 * channels, 256,
                 at::TensorOptions(at::kLong).device(rows.device()))
          .view({1, channels, 1});
  return at::take(table, bytes.to(at::kLong).add(first))
      .view({n, channels, shape.height, shape.width});
}

at::Tensor InputOfDeviceValues(const InputShape& shape, const at::Tensor& scale,
                               const at::Tensor& rows, at::ScalarType type) {
  // Rounded once to fp32, then to the type; exact in fp64.
  const at::Tensor values = rows.view(at::kFloat);
  const at::Tensor scaled =
      type == at::kDouble ? values.to(at::kDouble).mul(scale.to(at::kDouble))
                          : values.mul(scale);
  return scaled.to(type).view({rows.size(0), 1, shape.height, shape.width});
}

}  // namespace reprise
