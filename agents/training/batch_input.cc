#include "agents/training/batch_input.h"

#include <ATen/ops/empty_strided.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstddef>

#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/device/device_input.h"
#include "core/tensor/gather_scale.h"
#include "core/tensor/staging.h"
#include "core/tensor/torch_dtype.h"

namespace reprise {
namespace {

// Of rows that are not images: of nothing.
ImageNormalization NormalizationOf(const RowFormat& format) {
  if (format.element != DType::kUint8) {
    ImageNormalization none;
    none.mean = {0};
    none.stddev = {1};
    return none;
  }
  return {format.channels, format.height, format.width,
          format.scale,    format.mean,   format.stddev};
}

// Of [n, C, H, W], NHWC in memory.
struct Layout {
  std::vector<int64_t> sizes, strides;
};
Layout LayoutOf(const RowFormat& format, int64_t n) {
  const int64_t row = format.width * format.channels;
  return {{n, format.channels, format.height, format.width},
          {format.height * row, 1, row, format.channels}};
}

}  // namespace

BatchInput::BatchInput(const RowFormat& format)
    : format_(format),
      element_scale_(format.element_scale),
      gatherer_(NormalizationOf(format)) {
  if (format.element == DType::kFloat32 && element_scale_.empty())
    element_scale_.assign(format.elements(), 1.0f);
}

at::Tensor BatchInput::Make(const std::vector<Sample>& samples,
                            const std::vector<Placement>& placements,
                            at::ScalarType type, at::Device device,
                            int64_t on_device) const {
  const size_t on_host = samples.size() - on_device;
  std::vector<const std::byte*> host_rows, device_rows;
  for (size_t i = 0; i < samples.size(); ++i) {
    (i < on_host ? host_rows : device_rows).push_back(samples[i].row);
  }
  if (device_rows.empty()) {
    return ToDevice(MakeOfHostRows(host_rows, placements, type, device),
                    device);
  }
  std::vector<Placement> of_host = placements, of_device;
  if (!placements.empty()) {
    of_device.assign(placements.begin() + on_host, placements.end());
    of_host.resize(on_host);
  }
  const Layout layout = LayoutOf(format_, static_cast<int64_t>(samples.size()));
  const at::Tensor input = at::empty_strided(
      layout.sizes, layout.strides, at::TensorOptions(type).device(device));
  if (on_host > 0) {
    input.narrow(0, 0, on_host)
        .copy_(MakeOfHostRows(host_rows, of_host, type, device),
               /*non_blocking=*/true);
  }
  input.narrow(0, on_host, on_device)
      .copy_(MakeOfDeviceRows(device_rows, of_device, type, device));
  return input;
}

at::Tensor BatchInput::MakeOfHostRows(const std::vector<const std::byte*>& rows,
                                      const std::vector<Placement>& placements,
                                      at::ScalarType type,
                                      at::Device device) const {
  const Layout layout = LayoutOf(format_, static_cast<int64_t>(rows.size()));
  const at::Tensor input =
      EmptyStridedForDevice(layout.sizes, layout.strides, type, device);
  if (format_.element == DType::kUint8) {
    gatherer_.Gather(rows, placements, DTypeOf(type), input.data_ptr());
  } else {
    REPRISE_CHECK(placements.empty() && format_.channels == 1)
        << "fp32 rows have one channel and are not augmented";
    GatherScale(rows, element_scale_, DTypeOf(type), input.data_ptr());
  }
  return input;
}

at::Tensor BatchInput::MakeOfDeviceRows(
    const std::vector<const std::byte*>& rows,
    const std::vector<Placement>& placements, at::ScalarType type,
    at::Device device) const {
  const auto [first, last] = std::minmax_element(rows.begin(), rows.end());
  const int64_t row_bytes = format_.row_bytes();
  const at::Tensor block =
      at::for_blob(const_cast<std::byte*>(*first),
                   {(*last - *first) / row_bytes + 1, row_bytes})
          .options(at::TensorOptions(at::kByte).device(device))
          .target_device(device)
          .make_tensor();
  const at::Tensor numbers =
      EmptyForDevice({static_cast<int64_t>(rows.size())}, at::kLong, device);
  for (size_t i = 0; i < rows.size(); ++i) {
    numbers.data_ptr<int64_t>()[i] = (rows[i] - *first) / row_bytes;
  }
  const at::Tensor gathered = block.index_select(0, ToDevice(numbers, device));
  const InputShape shape = {format_.channels, format_.height, format_.width};
  return format_.element == DType::kUint8
             ? InputOfDeviceImages(shape, TableOn(device, type), gathered,
                                   placements)
             : InputOfDeviceValues(shape, TableOn(device, type), gathered,
                                   type);
}

at::Tensor BatchInput::TableOn(at::Device device, at::ScalarType type) const {
  const bool images = format_.element == DType::kUint8;
  const at::ScalarType of_table = images ? type : at::kFloat;
  std::lock_guard<std::mutex> lock(mutex_);
  if (!table_.defined() || table_.device() != device ||
      table_.scalar_type() != of_table) {
    // from_blob reads what it is given only.
    void* const values = images
                             ? const_cast<void*>(gatherer_.Table(DTypeOf(type)))
                             : const_cast<float*>(element_scale_.data());
    table_ = at::from_blob(
                 values, {images ? format_.channels * 256 : format_.elements()},
                 of_table)
                 .to(device);
  }
  return table_;
}

}  // namespace reprise
