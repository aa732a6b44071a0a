#include "agents/batch_input.h"

#include <ATen/ops/empty_strided.h>

#include "core/base/check.h"
#include "core/tensor/gather_scale.h"
#include "core/tensor/torch_element.h"

namespace reprise {
namespace {

// Of rows that are not images: of nothing.
ImageNormalization NormalizationOf(const RowFormat& format) {
  if (format.element != ElementType::kUint8) {
    ImageNormalization none;
    none.mean = {0};
    none.stddev = {1};
    return none;
  }
  return {format.channels, format.height, format.width,
          format.scale,    format.mean,   format.stddev};
}

}  // namespace

BatchInput::BatchInput(const RowFormat& format)
    : format_(format),
      element_scale_(format.element_scale),
      gatherer_(NormalizationOf(format)) {
  if (format.element == ElementType::kFloat32 && element_scale_.empty())
    element_scale_.assign(format.elements(), 1.0f);
}

at::Tensor BatchInput::Make(const std::vector<Sample>& samples,
                            const std::vector<Placement>& placements,
                            at::ScalarType type, at::Device device) const {
  std::vector<const std::byte*> rows;
  rows.reserve(samples.size());
  for (const Sample& sample : samples) rows.push_back(sample.row);
  const int64_t n = static_cast<int64_t>(samples.size());
  const int64_t row = format_.width * format_.channels;
  at::Tensor input =
      at::empty_strided({n, format_.channels, format_.height, format_.width},
                        {format_.height * row, 1, row, format_.channels},
                        at::TensorOptions(type));
  if (format_.element == ElementType::kUint8) {
    gatherer_.Gather(rows, placements, ElementOf(type), input.data_ptr());
  } else {
    REPRISE_CHECK(placements.empty() && format_.channels == 1)
        << "fp32 rows have one channel and are not augmented";
    GatherScale(rows, element_scale_, ElementOf(type), input.data_ptr());
  }
  return input.to(device);
}

}  // namespace reprise
