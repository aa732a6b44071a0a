#include "data/synthetic/mnist_like.h"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/philox.h"

namespace reprise {
namespace {

constexpr int kClasses = 10;
constexpr int kStyles = 3;  // prototypes of a class
constexpr int kSide = 28;
// Prototypes reach beyond the image so that moved samples have content there.
constexpr int kMargin = 10;
constexpr int kFieldSide = kSide + 2 * kMargin;
constexpr int kKnotSpacing = 6;  // pixels between the random values of a field
constexpr int kKnots = kFieldSide / kKnotSpacing + 2;

// In 1/256 of a pixel of the prototype: what a pixel of the image spans, and
// how far the image is moved.
constexpr int kSmallestStep = 216;
constexpr int kLargestStep = 296;
constexpr int kLargestShift = 3 * 256;

using Field = std::array<int, kFieldSide * kFieldSide>;  // values 0..255

// Purpose's `task` of the streams.
enum Split : uint32_t { kTrain = 0, kTest = 1, kPrototypes = 2 };

// Random values on a grid, interpolated, with the contrast raised so that
// shapes have edges.
Field MakePrototype(uint64_t seed, int number) {
  PhiloxStream stream({seed, Purpose::kSyntheticData, kPrototypes, 0,
                       static_cast<uint32_t>(number)});
  std::array<int, kKnots * kKnots> knots;
  for (int& knot : knots) knot = static_cast<int>(stream.NextBelow(256));
  Field field;
  for (int y = 0; y < kFieldSide; ++y) {
    for (int x = 0; x < kFieldSide; ++x) {
      const int* knot = &knots[(y / kKnotSpacing) * kKnots + x / kKnotSpacing];
      const int fx = x % kKnotSpacing, fy = y % kKnotSpacing;
      const int top = knot[0] * (kKnotSpacing - fx) + knot[1] * fx;
      const int bottom =
          knot[kKnots] * (kKnotSpacing - fx) + knot[kKnots + 1] * fx;
      const int value = (top * (kKnotSpacing - fy) + bottom * fy) /
                        (kKnotSpacing * kKnotSpacing);
      field[y * kFieldSide + x] = std::clamp((value - 128) * 3 + 100, 0, 255);
    }
  }
  return field;
}

class ImageMaker {
 public:
  explicit ImageMaker(uint64_t seed) : seed_(seed) {
    for (int i = 0; i < kClasses * kStyles; ++i) {
      prototypes_.push_back(MakePrototype(seed, i));
    }
  }

  void Make(Split split, int64_t index, int label, std::byte* image) const {
    PhiloxStream stream({seed_, Purpose::kSyntheticData, split, 0,
                         static_cast<uint32_t>(index)});
    const auto between = [&](int low, int high) {  // both included
      return low + static_cast<int>(stream.NextBelow(high - low + 1));
    };
    const Field& shape = prototypes_[label * kStyles + between(0, kStyles - 1)];
    const int other_label = (label + between(1, kClasses - 1)) % kClasses;
    const Field& other =
        prototypes_[other_label * kStyles + between(0, kStyles - 1)];
    // Field coordinates are in 1/256 pixel.
    const int step = between(kSmallestStep, kLargestStep);
    const int left = CornerOf(step, between(-kLargestShift, kLargestShift));
    const int top = CornerOf(step, between(-kLargestShift, kLargestShift));
    const int strength = between(160, 256);      // of 256
    const int other_strength = between(0, 100);  // of 256
    const int other_left = between(0, 2 * kMargin);
    const int other_top = between(0, 2 * kMargin);
    for (int y = 0; y < kSide; ++y) {
      const int v = top + y * step;
      const int* row = &shape[(v >> 8) * kFieldSide];
      const int fv = v & 255;
      const int* other_row = &other[(other_top + y) * kFieldSide + other_left];
      for (int x = 0; x < kSide; x += 4) {
        uint32_t noise = stream.NextWord();
        for (int i = x; i < x + 4; ++i, noise >>= 8) {
          const int u = left + i * step;
          const int fu = u & 255;
          const int* at = row + (u >> 8);
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

 private:
  // The field coordinate of the image's first pixel, where the image's middle
  // lies `shift` off the field's.
  static int CornerOf(int step, int shift) {
    static_assert(kFieldSide * 128 >= kSide * kLargestStep / 2 + kLargestShift,
                  "a moved and enlarged image must stay within its prototype");
    return kFieldSide * 128 - kSide * step / 2 + shift;
  }

  uint64_t seed_;
  std::vector<Field> prototypes_;  // class-major
};

std::shared_ptr<const Dataset> MakeSplit(const ImageMaker& maker, Split split,
                                         int64_t per_class) {
  REPRISE_CHECK(per_class > 0) << per_class << " samples per class";
  auto dataset = std::make_shared<Dataset>();
  dataset->format.height = kSide;
  dataset->format.width = kSide;
  dataset->format.mean = {0.5};
  dataset->format.stddev = {0.5};
  dataset->num_classes = kClasses;
  const int64_t samples = per_class * kClasses;
  dataset->rows.resize(samples * dataset->format.row_bytes());
  dataset->labels.resize(samples);
  for (int64_t i = 0; i < samples; ++i) {
    const int label = static_cast<int>(i % kClasses);
    dataset->labels[i] = label;
    maker.Make(split, i, label,
               dataset->rows.data() + i * dataset->format.row_bytes());
  }
  return dataset;
}

}  // namespace

DatasetPair GenerateMnistLike(uint64_t seed, int64_t train_per_class,
                              int64_t test_per_class) {
  const ImageMaker maker(seed);
  DatasetPair pair;
  pair.name = "mnist";
  pair.source = absl::StrCat("generated stand-in for MNIST, seed ", seed);
  pair.generated = true;
  pair.train = MakeSplit(maker, kTrain, train_per_class);
  pair.test = MakeSplit(maker, kTest, test_per_class);
  return pair;
}

}  // namespace reprise
