#include "agents/batch_input.h"

#include <ATen/ops/empty_strided.h>

#include "core/base/check.h"
#include "core/tensor/torch_element.h"

namespace reprise {
namespace {

ImageNormalization NormalizationOf(const RowFormat& format) {
  REPRISE_CHECK(format.element == ElementType::kUint8)
      << "only uint8 images are gathered";
  return {format.channels, format.height, format.width,
          format.scale,    format.mean,   format.stddev};
}

}  // namespace

BatchInput::BatchInput(const RowFormat& format)
    : format_(format), gatherer_(NormalizationOf(format)) {}

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
  gatherer_.Gather(rows, placements, ElementOf(type), input.data_ptr());
  return input.to(device);
}

}  // namespace reprise
