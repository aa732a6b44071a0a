#include "core/tensor/gather_normalize.h"

#include "core/base/check.h"

namespace reprise {

ImageGatherer::ImageGatherer(const ImageNormalization& normalization)
    : channels_(normalization.channels), pixels_(normalization.pixels) {
  const int64_t channels = normalization.channels;
  REPRISE_CHECK(static_cast<int64_t>(normalization.mean.size()) == channels &&
                static_cast<int64_t>(normalization.stddev.size()) == channels)
      << "one mean and one standard deviation per channel";
  for (int64_t c = 0; c < channels; ++c) {
    for (int byte = 0; byte < 256; ++byte) {
      const double value =
          (byte / normalization.scale - normalization.mean[c]) /
          normalization.stddev[c];
      double_table_.push_back(value);
      float_table_.push_back(static_cast<float>(value));
      bfloat16_table_.push_back(ToBFloat16(static_cast<float>(value)));
    }
  }
}

template <typename T>
void ImageGatherer::GatherAs(const std::vector<const std::byte*>& rows,
                             const std::vector<T>& table, T* out) const {
  for (const std::byte* row : rows) {
    const uint8_t* values = reinterpret_cast<const uint8_t*>(row);
    for (int64_t c = 0; c < channels_; ++c) {
      const T* channel_table = table.data() + 256 * c;
      for (int64_t p = 0; p < pixels_; ++p) {
        out[p * channels_ + c] = channel_table[values[c * pixels_ + p]];
      }
    }
    out += channels_ * pixels_;
  }
}

void ImageGatherer::Gather(const std::vector<const std::byte*>& rows,
                           Element element, void* out) const {
  switch (element) {
    case Element::kBFloat16:
      return GatherAs(rows, bfloat16_table_, static_cast<uint16_t*>(out));
    case Element::kFloat32:
      return GatherAs(rows, float_table_, static_cast<float*>(out));
    case Element::kFloat64:
      return GatherAs(rows, double_table_, static_cast<double*>(out));
  }
}

}  // namespace reprise
