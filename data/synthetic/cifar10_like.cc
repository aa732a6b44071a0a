#include "data/synthetic/cifar10_like.h"

#include "absl/strings/str_cat.h"
#include "data/cifar10/cifar10.h"
#include "data/synthetic/smooth_images.h"

namespace reprise {
namespace {

struct Traits {
  static constexpr int kChannels = 3;
  static constexpr int kSide = 32;
  static constexpr int kStyles = 10;
  static constexpr int kMargin = 14;
  static constexpr int kKnotSpacing = 6;
  static constexpr int kSmallestStep = 176;
  static constexpr int kLargestStep = 336;
  static constexpr int kLargestShift = 5 * 256;
  static constexpr int kContrast = 3;
  static constexpr int kBrightness = 120;
  static constexpr int kLeastStrength = 96;
  static constexpr int kMostOtherStrength = 160;
  static constexpr bool kVaries = true;
};

}  // namespace

DatasetPair GenerateCifar10Like(uint64_t seed, int64_t train_per_class,
                                int64_t test_per_class) {
  const SmoothImages<Traits> images(seed);
  DatasetPair pair;
  pair.name = "cifar10";
  pair.source = absl::StrCat("generated stand-in for CIFAR-10, seed ", seed);
  pair.generated = true;
  pair.train = images.MakeSplit(SmoothImageSplit::kTrain, train_per_class,
                                Cifar10RowFormat());
  pair.test = images.MakeSplit(SmoothImageSplit::kTest, test_per_class,
                               Cifar10RowFormat());
  return pair;
}

}  // namespace reprise
