#include "core/tensor/gather_normalize.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/half_float.h"

namespace reprise {
namespace {

// `count` pixels that lie kStep apart in planes of `pixels` bytes, to [count,
// C]. All channels of a pixel at once: the output is written in order.
template <int kChannels, int kStep, typename T>
void LookUp(const uint8_t* __restrict from, int64_t count, int64_t pixels,
            int64_t any_channels, const T* __restrict table,
            T* __restrict out) {
  const int64_t channels = kChannels > 0 ? kChannels : any_channels;
  // At -O2 the compiler leaves these loops rolled up: 1.5 us instead of 0.85
  // for CIFAR-10's row.
#pragma GCC unroll 4
  for (int64_t p = 0; p < count; ++p) {
#pragma GCC unroll 4
    for (int64_t c = 0; c < channels; ++c) {
      out[c] = table[256 * c + from[c * pixels]];
    }
    from += kStep;
    out += channels;
  }
}

// `count` pixels of byte 0; returns their end.
template <int kChannels, typename T>
T* Pad(int64_t count, int64_t any_channels, const T* table, T* out) {
  const int64_t channels = kChannels > 0 ? kChannels : any_channels;
  for (int64_t p = 0; p < count; ++p) {
    for (int64_t c = 0; c < channels; ++c) *out++ = table[256 * c];
  }
  return out;
}

}  // namespace

ImageGatherer::ImageGatherer(const ImageNormalization& normalization)
    : channels_(normalization.channels),
      height_(normalization.height),
      width_(normalization.width) {
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

template <int kChannels, typename T>
void ImageGatherer::GatherAs(const std::vector<const std::byte*>& rows,
                             const std::vector<Placement>& placements,
                             const std::vector<T>& table, T* out) const {
  const int64_t pixels = height_ * width_;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint8_t* image = reinterpret_cast<const uint8_t*>(rows[i]);
    if (placements.empty()) {
      LookUp<kChannels, 1>(image, pixels, pixels, channels_, table.data(), out);
      out += pixels * channels_;
      continue;
    }
    const Placement& placement = placements[i];
    // The columns of the window that lie in the image, in the image's terms.
    const int64_t first = std::max<int64_t>(placement.dx, 0);
    const int64_t end = std::min<int64_t>(width_ + placement.dx, width_);
    const int64_t inside = std::max<int64_t>(end - first, 0);
    int64_t before = std::clamp<int64_t>(-placement.dx, 0, width_);
    int64_t after = width_ - inside - before;
    if (placement.flip) std::swap(before, after);
    for (int64_t y = 0; y < height_; ++y) {
      const int64_t from = y + placement.dy;
      if (from < 0 || from >= height_) {
        out = Pad<kChannels>(width_, channels_, table.data(), out);
        continue;
      }
      const uint8_t* line = image + from * width_;
      out = Pad<kChannels>(before, channels_, table.data(), out);
      if (placement.flip) {
        LookUp<kChannels, -1>(line + end - 1, inside, pixels, channels_,
                              table.data(), out);
      } else {
        LookUp<kChannels, 1>(line + first, inside, pixels, channels_,
                             table.data(), out);
      }
      out = Pad<kChannels>(after, channels_, table.data(),
                           out + inside * channels_);
    }
  }
}

template <typename T>
void ImageGatherer::GatherAs(const std::vector<const std::byte*>& rows,
                             const std::vector<Placement>& placements,
                             const std::vector<T>& table, T* out) const {
  switch (channels_) {
    case 1:
      return GatherAs<1>(rows, placements, table, out);
    case 3:
      return GatherAs<3>(rows, placements, table, out);
    default:
      return GatherAs<0>(rows, placements, table, out);
  }
}

const void* ImageGatherer::Table(DType dtype) const {
  switch (dtype) {
    case DType::kBFloat16:
      return bfloat16_table_.data();
    case DType::kFloat32:
      return float_table_.data();
    case DType::kFloat64:
      return double_table_.data();
    default:
      REPRISE_CHECK(false) << "a table of " << DTypeName(dtype);
  }
  return nullptr;
}

void ImageGatherer::Gather(const std::vector<const std::byte*>& rows,
                           const std::vector<Placement>& placements,
                           DType dtype, void* out) const {
  REPRISE_CHECK(placements.empty() || placements.size() == rows.size())
      << placements.size() << " placements of " << rows.size() << " rows";
  switch (dtype) {
    case DType::kBFloat16:
      return GatherAs(rows, placements, bfloat16_table_,
                      static_cast<uint16_t*>(out));
    case DType::kFloat32:
      return GatherAs(rows, placements, float_table_, static_cast<float*>(out));
    case DType::kFloat64:
      return GatherAs(rows, placements, double_table_,
                      static_cast<double*>(out));
    default:
      REPRISE_CHECK(false) << "input of " << DTypeName(dtype);
  }
}

}  // namespace reprise
