// The pixels of a PNG file as core/metrics/picture writes it, for tests.
#ifndef REPRISE_CORE_METRICS_TESTING_PNG_PIXELS_H_
#define REPRISE_CORE_METRICS_TESTING_PNG_PIXELS_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct PngPixels {
  int width = 0, height = 0;
  std::vector<std::array<uint8_t, 3>> rgb;  // [height, width]

  const std::array<uint8_t, 3>& At(int x, int y) const {
    return rgb[y * width + x];
  }
};

// DataError where the bytes are no PNG file of 8-bit RGB rows without filters,
// or a chunk has another CRC.
absl::StatusOr<PngPixels> ReadPng(absl::string_view bytes);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TESTING_PNG_PIXELS_H_
