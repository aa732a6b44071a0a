#include "data/synthetic/mnist_like.h"

#include "absl/strings/str_cat.h"
#include "data/synthetic/smooth_images.h"

namespace reprise {
namespace {

struct Traits {
  static constexpr int kChannels = 1;
  static constexpr int kSide = 28;
  static constexpr int kStyles = 3;
  static constexpr int kMargin = 10;
  static constexpr int kKnotSpacing = 6;
  static constexpr int kSmallestStep = 216;
  static constexpr int kLargestStep = 296;
  static constexpr int kLargestShift = 3 * 256;
  static constexpr int kContrast = 3;
  static constexpr int kBrightness = 100;
  static constexpr int kLeastStrength = 160;
  static constexpr int kMostOtherStrength = 100;
  static constexpr bool kVaries = false;
};

}  // namespace

DatasetPair GenerateMnistLike(uint64_t seed, int64_t train_per_class,
                              int64_t test_per_class) {
  const SmoothImages<Traits> images(seed);
  RowFormat format;
  format.height = Traits::kSide;
  format.width = Traits::kSide;
  format.mean = {0.5};
  format.stddev = {0.5};
  DatasetPair pair;
  pair.name = "mnist";
  pair.source = absl::StrCat("generated stand-in for MNIST, seed ", seed);
  pair.generated = true;
  pair.train =
      images.MakeSplit(SmoothImageSplit::kTrain, train_per_class, format);
  pair.test = images.MakeSplit(SmoothImageSplit::kTest, test_per_class, format);
  return pair;
}

}  // namespace reprise
