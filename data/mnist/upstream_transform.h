// What the research code does to MNIST's images before training: resize to
// 32 x 32, then crop the middle 28 x 28. For --profile=upstream.
#ifndef REPRISE_DATA_MNIST_UPSTREAM_TRANSFORM_H_
#define REPRISE_DATA_MNIST_UPSTREAM_TRANSFORM_H_

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace reprise {

// `image`: [height, width] bytes. Bilinear with antialiasing, as Pillow's
// Image.resize (torchvision's on PIL images) computes it, byte for byte: the
// kernel's weights rounded to 22 bits, rows first, each pass rounded to bytes.
std::vector<uint8_t> ResizeBilinear(const std::vector<uint8_t>& image,
                                    int64_t height, int64_t width,
                                    int64_t new_height, int64_t new_width);

// Every image resized to 32 x 32 and cropped; the same format and labels.
Dataset ResizedAndCropped(const Dataset& images);

}  // namespace reprise

#endif  // REPRISE_DATA_MNIST_UPSTREAM_TRANSFORM_H_
