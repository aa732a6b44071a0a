#include "data/mnist/upstream_transform.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/base/check.h"

namespace reprise {
namespace {

constexpr int kWeightBits = 22;
constexpr int64_t kResized = 32;

// Which inputs make an output pixel, and their weights.
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> TapsOf(int64_t inputs, int64_t outputs) {
  const double scale = static_cast<double>(inputs) / outputs;
  // The triangle widens where the image shrinks: antialiasing.
  const double support = std::max(scale, 1.0);
  std::vector<Taps> all(outputs);
  for (int64_t o = 0; o < outputs; ++o) {
    const double center = (o + 0.5) * scale;
    const int64_t first =
        std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
    const int64_t end =
        std::min<int64_t>(inputs, static_cast<int64_t>(center + support + 0.5));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t i = first; i < end; ++i) {
      const double distance = std::abs((i - center + 0.5) / support);
      weights.push_back(std::max(0.0, 1 - distance));
      sum += weights.back();
    }
    all[o].first = first;
    for (const double weight : weights) {
      all[o].weights.push_back(static_cast<int32_t>(
          0.5 + weight / sum * (int32_t{1} << kWeightBits)));
    }
  }
  return all;
}

// One output from inputs `stride` apart.
uint8_t Apply(const Taps& taps, const uint8_t* inputs, int64_t stride) {
  int32_t sum = int32_t{1} << (kWeightBits - 1);
  for (size_t i = 0; i < taps.weights.size(); ++i) {
    sum += taps.weights[i] *
           inputs[(taps.first + static_cast<int64_t>(i)) * stride];
  }
  return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

}  // namespace

std::vector<uint8_t> ResizeBilinear(const std::vector<uint8_t>& image,
                                    int64_t height, int64_t width,
                                    int64_t new_height, int64_t new_width) {
  REPRISE_CHECK(static_cast<int64_t>(image.size()) == height * width)
      << image.size() << " bytes";
  const std::vector<Taps> horizontal = TapsOf(width, new_width);
  const std::vector<Taps> vertical = TapsOf(height, new_height);
  std::vector<uint8_t> rows(height * new_width);
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < new_width; ++x) {
      rows[y * new_width + x] =
          Apply(horizontal[x], image.data() + y * width, 1);
    }
  }
  std::vector<uint8_t> resized(new_height * new_width);
  for (int64_t y = 0; y < new_height; ++y) {
    for (int64_t x = 0; x < new_width; ++x) {
      resized[y * new_width + x] =
          Apply(vertical[y], rows.data() + x, new_width);
    }
  }
  return resized;
}

Dataset ResizedAndCropped(const Dataset& images) {
  const int64_t height = images.format.height, width = images.format.width;
  REPRISE_CHECK(images.format.channels == 1 && height <= kResized &&
                width <= kResized)
      << "grey images of at most 32 x 32 pixels";
  const int64_t top = (kResized - height) / 2, left = (kResized - width) / 2;
  Dataset cropped;
  cropped.format = images.format;
  cropped.num_classes = images.num_classes;
  cropped.labels = images.labels;
  cropped.rows.reserve(images.size() * images.format.row_bytes());
  std::vector<uint8_t> image(height * width);
  for (int64_t i = 0; i < images.size(); ++i) {
    const std::byte* row = images.At(i).row;
    for (size_t p = 0; p < image.size(); ++p) {
      image[p] = static_cast<uint8_t>(row[p]);
    }
    const std::vector<uint8_t> resized =
        ResizeBilinear(image, height, width, kResized, kResized);
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        cropped.rows.push_back(
            static_cast<std::byte>(resized[(y + top) * kResized + x + left]));
      }
    }
  }
  return cropped;
}

}  // namespace reprise
