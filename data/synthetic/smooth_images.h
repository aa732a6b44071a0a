// The images of the generated data sets: what mnist_like and cifar10_like have
// in common. Not for others.
//
// A class has kStyles prototypes, smooth random fields, one field a channel. A
// sample is one of them, moved, enlarged or reduced, faded, mixed with a
// prototype of another class, and noisy; what Traits asks for beyond that is
// explained there.
//
// All arithmetic is on integers, so the bytes are the same on every machine;
// every sample has its own stream (seed, kSyntheticData, task = split, step =
// 0, position = index).
#ifndef REPRISE_DATA_SYNTHETIC_SMOOTH_IMAGES_H_
#define REPRISE_DATA_SYNTHETIC_SMOOTH_IMAGES_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/philox.h"
#include "data/dataset.h"

namespace reprise {

// Purpose's `task` of the streams.
enum class SmoothImageSplit : uint32_t { kTrain = 0, kTest = 1 };

// Traits has constants:
//   kChannels, kSide     of an image, whose rows are [kChannels, kSide, kSide]
//   kStyles              prototypes of a class
//   kMargin              pixels by which prototypes reach beyond the image, so
//                        that moved samples have content there
//   kKnotSpacing         pixels between the random values of a field
//   kSmallestStep, kLargestStep, kLargestShift
//                        in 1/256 of a pixel of the prototype: what a pixel of
//                        the image spans, how far the image is moved
//   kContrast, kBrightness
//                        of prototypes: shapes have edges
//   kLeastStrength, kMostOtherStrength
//                        of 256: of the prototype (at most 256), of the other
//                        class's (at least 0)
//   kVaries              half of the samples are mirror images, and each
//                        channel of a sample has a strength of its own, so that
//                        neither side nor tint tells the class
template <typename Traits>
class SmoothImages {
 public:
  static constexpr int kClasses = 10;

  explicit SmoothImages(uint64_t seed) : seed_(seed) {
    for (int i = 0; i < kClasses * Traits::kStyles; ++i) {
      prototypes_.push_back(MakePrototype(seed, i));
    }
  }

  // Classes alternate: sample i has label i mod 10.
  std::shared_ptr<const Dataset> MakeSplit(SmoothImageSplit split,
                                           int64_t per_class,
                                           RowFormat format) const {
    REPRISE_CHECK(per_class > 0) << per_class << " samples per class";
    auto dataset = std::make_shared<Dataset>();
    dataset->format = std::move(format);
    REPRISE_CHECK(dataset->format.row_bytes() ==
                  Traits::kChannels * Traits::kSide * Traits::kSide)
        << "another format";
    dataset->num_classes = kClasses;
    const int64_t samples = per_class * kClasses;
    dataset->rows.resize(samples * dataset->format.row_bytes());
    dataset->labels.resize(samples);
    for (int64_t i = 0; i < samples; ++i) {
      const int label = static_cast<int>(i % kClasses);
      dataset->labels[i] = label;
      MakeImage(split, i, label,
                dataset->rows.data() + i * dataset->format.row_bytes());
    }
    return dataset;
  }

 private:
  static constexpr uint32_t kPrototypeTask = 2;  // Purpose's `task`
  static constexpr int kSide = Traits::kSide;
  static constexpr int kFieldSide = kSide + 2 * Traits::kMargin;
  static constexpr int kKnots = kFieldSide / Traits::kKnotSpacing + 2;

  using Field = std::array<uint8_t, kFieldSide * kFieldSide>;
  using Prototype = std::array<Field, Traits::kChannels>;

  // Random values on a grid, interpolated, with the contrast raised.
  static Prototype MakePrototype(uint64_t seed, int number) {
    constexpr int kSpacing = Traits::kKnotSpacing;
    PhiloxStream stream({seed, Purpose::kSyntheticData, kPrototypeTask, 0,
                         static_cast<uint32_t>(number)});
    Prototype prototype;
    for (Field& field : prototype) {
      std::array<int, kKnots * kKnots> knots;
      for (int& knot : knots) knot = static_cast<int>(stream.NextBelow(256));
      for (int y = 0; y < kFieldSide; ++y) {
        for (int x = 0; x < kFieldSide; ++x) {
          const int* knot = &knots[(y / kSpacing) * kKnots + x / kSpacing];
          const int fx = x % kSpacing, fy = y % kSpacing;
          const int top = knot[0] * (kSpacing - fx) + knot[1] * fx;
          const int bottom =
              knot[kKnots] * (kSpacing - fx) + knot[kKnots + 1] * fx;
          const int value =
              (top * (kSpacing - fy) + bottom * fy) / (kSpacing * kSpacing);
          field[y * kFieldSide + x] = static_cast<uint8_t>(std::clamp(
              (value - 128) * Traits::kContrast + Traits::kBrightness, 0, 255));
        }
      }
    }
    return prototype;
  }

  void MakeImage(SmoothImageSplit split, int64_t index, int label,
                 std::byte* image) const {
    PhiloxStream stream({seed_, Purpose::kSyntheticData,
                         static_cast<uint32_t>(split), 0,
                         static_cast<uint32_t>(index)});
    const auto between = [&](int low, int high) {  // both included
      return low + static_cast<int>(stream.NextBelow(high - low + 1));
    };
    const Prototype& shape =
        prototypes_[label * Traits::kStyles + between(0, Traits::kStyles - 1)];
    const int other_label = (label + between(1, kClasses - 1)) % kClasses;
    const Prototype& other = prototypes_[other_label * Traits::kStyles +
                                         between(0, Traits::kStyles - 1)];
    // Field coordinates are in 1/256 pixel.
    const int step = between(Traits::kSmallestStep, Traits::kLargestStep);
    const int left =
        CornerOf(step, between(-Traits::kLargestShift, Traits::kLargestShift));
    const int top =
        CornerOf(step, between(-Traits::kLargestShift, Traits::kLargestShift));
    int strength = between(Traits::kLeastStrength, 256);
    const int other_strength = between(0, Traits::kMostOtherStrength);
    const int other_left = between(0, 2 * Traits::kMargin);
    const int other_top = between(0, 2 * Traits::kMargin);
    const bool mirrored = Traits::kVaries && between(0, 1) == 1;

    // Where each column of the image lies in the field, the same in every line.
    std::array<int, kSide> columns, fractions;
    for (int x = 0; x < kSide; ++x) {
      const int u = left + (mirrored ? kSide - 1 - x : x) * step;
      columns[x] = u >> 8;
      fractions[x] = u & 255;
    }
    for (int c = 0; c < Traits::kChannels; ++c) {
      if (Traits::kVaries && c > 0) {
        strength = between(Traits::kLeastStrength, 256);
      }
      for (int y = 0; y < kSide; ++y) {
        const int v = top + y * step;
        const uint8_t* row = &shape[c][(v >> 8) * kFieldSide];
        const int fv = v & 255;
        const uint8_t* other_row =
            &other[c][(other_top + y) * kFieldSide + other_left];
        for (int x = 0; x < kSide; x += 4) {
          uint32_t noise = stream.NextWord();
          for (int i = x; i < x + 4; ++i, noise >>= 8) {
            const int fu = fractions[i];
            const uint8_t* at = row + columns[i];
            const int above = at[0] * (256 - fu) + at[1] * fu;
            const int below =
                at[kFieldSide] * (256 - fu) + at[kFieldSide + 1] * fu;
            const int shaped = (above * (256 - fv) + below * fv) >> 16;
            const int value = ((shaped * strength) >> 8) +
                              ((other_row[i] * other_strength) >> 8) +
                              static_cast<int>(noise & 127) - 64;
            *image++ = static_cast<std::byte>(std::clamp(value, 0, 255));
          }
        }
      }
    }
  }

  // The field coordinate of the image's first pixel, where the image's middle
  // lies `shift` off the field's.
  static int CornerOf(int step, int shift) {
    static_assert(kFieldSide * 128 >=
                      kSide * Traits::kLargestStep / 2 + Traits::kLargestShift,
                  "a moved and enlarged image must stay within its prototype");
    return kFieldSide * 128 - kSide * step / 2 + shift;
  }

  uint64_t seed_;
  std::vector<Prototype> prototypes_;  // class-major
};

}  // namespace reprise

#endif  // REPRISE_DATA_SYNTHETIC_SMOOTH_IMAGES_H_
