// Upstream's resize of MNIST against Pillow: tests/golden/resize_reference.py.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "data/dataset.h"
#include "data/mnist/upstream_transform.h"
#include "gtest/gtest.h"
#include "tests/golden/reference.h"

namespace reprise {
namespace {

std::vector<uint8_t> ScriptedImage(int64_t height, int64_t width) {
  std::vector<uint8_t> image;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      image.push_back(
          static_cast<uint8_t>((x * x * 37 + y * 91 + x * y * 13) % 256));
    }
  }
  return image;
}

TEST(UpstreamTransform, ResizesAsPillowByteForByte) {
  const nlohmann::json reference = ReadReference("resize_reference");
  ASSERT_EQ(reference.size(), 4u);
  for (const nlohmann::json& expected : reference) {
    const std::vector<int64_t> shape = expected["shape"];
    EXPECT_EQ(ResizeBilinear(ScriptedImage(shape[0], shape[1]), shape[0],
                             shape[1], shape[2], shape[3]),
              expected["resized"].get<std::vector<uint8_t>>())
        << expected["shape"];
  }
}

TEST(UpstreamTransform, KeepsTheMiddleOfEveryResizedImage) {
  Dataset images;
  images.format.height = images.format.width = 28;
  images.num_classes = 10;
  images.labels = {3, 4};
  const std::vector<uint8_t> image = ScriptedImage(28, 28);
  for (int i = 0; i < 2; ++i) {
    for (const uint8_t value : image) {
      images.rows.push_back(static_cast<std::byte>(value));
    }
  }
  const Dataset cropped = ResizedAndCropped(images);
  EXPECT_EQ(cropped.labels, images.labels);
  ASSERT_EQ(cropped.rows.size(), images.rows.size());
  const std::vector<uint8_t> resized = ResizeBilinear(image, 28, 28, 32, 32);
  for (int64_t y = 0; y < 28; ++y) {
    for (int64_t x = 0; x < 28; ++x) {
      ASSERT_EQ(static_cast<uint8_t>(cropped.At(1).row[y * 28 + x]),
                resized[(y + 2) * 32 + x + 2]);
    }
  }
}

}  // namespace
}  // namespace reprise
