// Each kernel against a naive reference or a closed form.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/half_float.h"
#include "core/base/philox.h"
#include "core/tensor/augmentation.h"
#include "core/tensor/dropout_mask.h"
#include "core/tensor/gather_normalize.h"
#include "core/tensor/weighted_cross_entropy.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::DoubleNear;
using ::testing::Each;
using ::testing::ElementsAre;

std::vector<double> RandomValues(int64_t n, double scale, uint32_t which) {
  PhiloxStream stream({1, Purpose::kTest, 0, 0, which});
  std::vector<double> values(n);
  for (double& value : values) value = scale * (2 * stream.NextUniform() - 1);
  return values;
}

TEST(GatherNormalize, EqualsTheFormulaForEveryByteChannelAndElement) {
  ImageNormalization normalization;
  normalization.channels = 3;
  normalization.height = 8;
  normalization.width = 32;
  normalization.mean = {0.5, 0.25, 0.1};
  normalization.stddev = {0.5, 0.125, 2.0};
  std::vector<std::byte> row(3 * 256), other(3 * 256, std::byte{7});
  for (int i = 0; i < 3 * 256; ++i) row[i] = std::byte(i % 256);
  const ImageGatherer gatherer(normalization);
  // Rows in any order and repeated.
  const std::vector<const std::byte*> rows = {other.data(), row.data(),
                                              other.data()};
  std::vector<double> doubles(3 * 256 * 3);
  std::vector<float> floats(doubles.size());
  std::vector<uint16_t> halves(doubles.size());
  gatherer.Gather(rows, DType::kFloat64, doubles.data());
  gatherer.Gather(rows, DType::kFloat32, floats.data());
  gatherer.Gather(rows, DType::kBFloat16, halves.data());
  for (size_t i = 0; i < doubles.size(); ++i) {
    const int sample = i / (3 * 256), pixel = i / 3 % 256, channel = i % 3;
    const double byte = sample == 1 ? pixel : 7;
    const double expected = (byte / 255 - normalization.mean[channel]) /
                            normalization.stddev[channel];
    EXPECT_EQ(doubles[i], expected);
    EXPECT_EQ(floats[i], static_cast<float>(expected));
    EXPECT_NEAR(FromBFloat16(halves[i]), expected,
                std::abs(expected) / 256 + 1e-30);
  }
}

TEST(GatherNormalize, NoRowsWriteNothing) {
  ImageNormalization normalization;
  normalization.mean = {0};
  normalization.stddev = {1};
  ImageGatherer(normalization).Gather({}, DType::kFloat32, nullptr);
  ImageGatherer(normalization).Gather({}, {}, DType::kFloat32, nullptr);
}

// torchvision's way: a padded copy, a crop of it, its mirror image, then the
// normalisation.
std::vector<double> AugmentNaively(const ImageNormalization& normalization,
                                   const std::vector<std::byte>& image,
                                   const Placement& placement) {
  constexpr int kPadding = 4;
  const int channels = normalization.channels, height = normalization.height,
            width = normalization.width;
  const int padded_height = height + 2 * kPadding,
            padded_width = width + 2 * kPadding;
  std::vector<double> out(channels * height * width);
  for (int c = 0; c < channels; ++c) {
    std::vector<int> padded(padded_height * padded_width, 0);
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        padded[(y + kPadding) * padded_width + x + kPadding] =
            std::to_integer<int>(image[(c * height + y) * width + x]);
      }
    }
    for (int y = 0; y < height; ++y) {
      std::vector<int> line;
      for (int x = 0; x < width; ++x) {
        line.push_back(padded[(y + placement.dy + kPadding) * padded_width + x +
                              placement.dx + kPadding]);
      }
      if (placement.flip) std::reverse(line.begin(), line.end());
      for (int x = 0; x < width; ++x) {
        out[(y * width + x) * channels + c] =
            (line[x] / normalization.scale - normalization.mean[c]) /
            normalization.stddev[c];
      }
    }
  }
  return out;
}

class AugmentedGather : public ::testing::TestWithParam<int> {
 protected:
  AugmentedGather() {
    normalization_.channels = GetParam();
    normalization_.height = 32;
    normalization_.width = 32;
    for (int c = 0; c < GetParam(); ++c) {
      normalization_.mean.push_back(0.4 + 0.03 * c);
      normalization_.stddev.push_back(0.25 - 0.02 * c);
    }
    PhiloxStream stream({1, Purpose::kTest, 0, 0, 9});
    image_.resize(normalization_.channels * 32 * 32);
    for (std::byte& value : image_) value = std::byte(stream.NextWord());
  }

  ImageNormalization normalization_;
  std::vector<std::byte> image_;
};

TEST_P(AugmentedGather, EqualsPadCropFlipNormaliseForEveryPlacement) {
  std::vector<Placement> placements;
  for (int dy = -4; dy <= 4; ++dy) {
    for (int dx = -4; dx <= 4; ++dx) {
      for (const bool flip : {false, true}) {
        placements.push_back(
            {static_cast<int8_t>(dy), static_cast<int8_t>(dx), flip});
      }
    }
  }
  const std::vector<const std::byte*> rows(placements.size(), image_.data());
  const size_t row = image_.size();
  std::vector<double> doubles(rows.size() * row);
  std::vector<float> floats(doubles.size());
  std::vector<uint16_t> halves(doubles.size());
  const ImageGatherer gatherer(normalization_);
  gatherer.Gather(rows, placements, DType::kFloat64, doubles.data());
  gatherer.Gather(rows, placements, DType::kFloat32, floats.data());
  gatherer.Gather(rows, placements, DType::kBFloat16, halves.data());
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<double> expected =
        AugmentNaively(normalization_, image_, placements[i]);
    int different = 0;
    for (size_t e = 0; e < row; ++e) {
      const float rounded = static_cast<float>(expected[e]);
      different += doubles[i * row + e] != expected[e] ||
                   floats[i * row + e] != rounded ||
                   halves[i * row + e] != ToBFloat16(rounded);
    }
    EXPECT_EQ(different, 0)
        << static_cast<int>(placements[i].dy) << " "
        << static_cast<int>(placements[i].dx) << " " << placements[i].flip;
  }
}

TEST_P(AugmentedGather, AtPlaceNoughtEqualsThePlainGather) {
  const ImageGatherer gatherer(normalization_);
  const std::vector<const std::byte*> rows(2, image_.data());
  std::vector<float> plain(2 * image_.size()), placed(plain.size(), -1);
  gatherer.Gather(rows, DType::kFloat32, plain.data());
  gatherer.Gather(rows, std::vector<Placement>(2), DType::kFloat32,
                  placed.data());
  EXPECT_EQ(plain, placed);
}

TEST_P(AugmentedGather, OutsideOfTheImageIsByteNoughtNormalised) {
  const ImageGatherer gatherer(normalization_);
  for (const Placement& placement :
       {Placement{127, 0, false}, Placement{-128, 0, true},
        Placement{0, 127, true}, Placement{0, -128, false},
        Placement{32, -32, false}}) {
    std::vector<double> out(image_.size());
    gatherer.Gather({image_.data()}, {placement}, DType::kFloat64, out.data());
    for (size_t e = 0; e < out.size(); ++e) {
      const int64_t c = e % normalization_.channels;
      EXPECT_EQ(out[e], -normalization_.mean[c] / normalization_.stddev[c]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, AugmentedGather, ::testing::Values(1, 2, 3));

TEST(StandardPlacements, AreAFunctionOfThePositionAndNotOfTheBatch) {
  const auto whole = StandardPlacements(42, 1, 7, {0, 1, 2, 3, 4294967295});
  const auto part = StandardPlacements(42, 1, 7, {4294967295, 1});
  EXPECT_TRUE(part[0] == whole[4]);
  EXPECT_TRUE(part[1] == whole[1]);
  EXPECT_TRUE(StandardPlacements(42, 1, 7, {}).empty());
}

TEST(StandardPlacements, DifferBySeedTaskAndStep) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < 100; ++i) positions.push_back(i);
  const auto placements = StandardPlacements(42, 1, 7, positions);
  EXPECT_TRUE(StandardPlacements(42, 1, 7, positions) == placements);
  EXPECT_FALSE(StandardPlacements(43, 1, 7, positions) == placements);
  EXPECT_FALSE(StandardPlacements(42, 2, 7, positions) == placements);
  EXPECT_FALSE(StandardPlacements(42, 1, 8, positions) == placements);
}

TEST(StandardPlacements, DrawYThenXThenTheFlipFromTheSamplesStream) {
  const auto placements = StandardPlacements(5, 2, 9, {11});
  PhiloxStream stream({5, Purpose::kAugmentation, 2, 9, 11});
  EXPECT_EQ(placements[0].dy, static_cast<int>(stream.NextBelow(9)) - 4);
  EXPECT_EQ(placements[0].dx, static_cast<int>(stream.NextBelow(9)) - 4);
  EXPECT_EQ(placements[0].flip, stream.NextBelow(2) == 1);
}

TEST(StandardPlacements, AreUniformOverAllOffsetsAndBothSides) {
  std::vector<int64_t> positions;
  const int n = 162000;
  for (int64_t i = 0; i < n; ++i) positions.push_back(i);
  std::vector<int> counts(9 * 9 * 2);
  for (const Placement& p : StandardPlacements(42, 0, 0, positions)) {
    ASSERT_LE(std::max(std::abs(p.dy), std::abs(p.dx)), 4);
    ++counts[((p.dy + 4) * 9 + p.dx + 4) * 2 + p.flip];
  }
  // Chi-squared with 161 degrees of freedom: mean 161, deviation 18.
  double chi = 0;
  const double expected = n / 162.0;
  for (const int count : counts) {
    chi += (count - expected) * (count - expected) / expected;
  }
  EXPECT_LT(chi, 161 + 5 * 18);
}

TEST(WeightedCrossEntropy, EqualsTheNaiveDefinition) {
  const int64_t n = 7, classes = 10;
  const std::vector<double> logits = RandomValues(n * classes, 5, 1);
  std::vector<int32_t> labels;
  std::vector<float> weights;
  for (int64_t i = 0; i < n; ++i) {
    labels.push_back(i * 3 % classes);
    weights.push_back(1 + 0.5f * i);
  }
  std::vector<double> losses(n), gradient(n * classes);
  WeightedCrossEntropy<double>(logits.data(), labels.data(), weights.data(), n,
                               classes, 0.25, losses.data(), gradient.data());
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < classes; ++k) {
      sum += std::exp(logits[i * classes + k]);
    }
    EXPECT_NEAR(losses[i],
                -std::log(std::exp(logits[i * classes + labels[i]]) / sum),
                1e-12);
    double row_sum = 0;
    for (int64_t k = 0; k < classes; ++k) {
      const double expected =
          0.25 * weights[i] *
          (std::exp(logits[i * classes + k]) / sum - (k == labels[i]));
      EXPECT_NEAR(gradient[i * classes + k], expected, 1e-13);
      row_sum += gradient[i * classes + k];
    }
    EXPECT_NEAR(row_sum, 0, 1e-13);
  }
}

TEST(WeightedCrossEntropy, GradientEqualsTheNumericDerivativeOfTheLoss) {
  const int64_t classes = 5;
  std::vector<double> logits = RandomValues(classes, 2, 2);
  const int32_t label = 3;
  const float weight = 1.75f;
  double loss;
  std::vector<double> gradient(classes);
  WeightedCrossEntropy<double>(logits.data(), &label, &weight, 1, classes, 1.0,
                               &loss, gradient.data());
  for (int64_t k = 0; k < classes; ++k) {
    const double step = 1e-5, value = logits[k];
    double above, below;
    logits[k] = value + step;
    WeightedCrossEntropy<double>(logits.data(), &label, &weight, 1, classes, 1,
                                 &above, nullptr);
    logits[k] = value - step;
    WeightedCrossEntropy<double>(logits.data(), &label, &weight, 1, classes, 1,
                                 &below, nullptr);
    logits[k] = value;
    EXPECT_NEAR(gradient[k], weight * (above - below) / (2 * step), 1e-9);
  }
}

TEST(WeightedCrossEntropy, StaysFiniteForHugeLogitsAndShowsNaN) {
  const std::vector<float> logits = {1e30f, -1e30f, 0, std::nanf(""), 0, 0};
  const std::vector<int32_t> labels = {0, 1};
  const std::vector<float> weights = {1, 1};
  std::vector<double> losses(2);
  std::vector<float> gradient(6);
  WeightedCrossEntropy<float>(logits.data(), labels.data(), weights.data(), 2,
                              3, 1, losses.data(), gradient.data());
  EXPECT_EQ(losses[0], 0);
  EXPECT_EQ(gradient[0], 0);
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_TRUE(std::isnan(gradient[4]));
}

TEST(LabelRanks, CountsClassesAboveAndBreaksTiesByTheLowerClass) {
  const std::vector<float> scores = {1, 3,
                                     2,  //
                                     5, 5,
                                     5,  //
                                     0, std::nanf(""),
                                     1};
  const std::vector<int32_t> labels = {2, 1, 2};
  std::vector<int32_t> ranks(3);
  LabelRanks<float>(scores.data(), labels.data(), 3, 3, ranks.data());
  EXPECT_THAT(ranks, ElementsAre(1, 1, 3));
}

TEST(PredictedClasses, IsTheLabelExactlyWhereItsRankIsZero) {
  const float nan = std::nanf("");
  const std::vector<float> scores = {1, 3,   2,  //
                                     5, 5,   5,  //
                                     0, 1,   1,  //
                                     0, nan, 1};
  std::vector<int32_t> classes(4);
  PredictedClasses<float>(scores.data(), 4, 3, classes.data());
  EXPECT_THAT(classes, ElementsAre(1, 0, 1, -1));
  for (int32_t label = 0; label < 3; ++label) {
    std::vector<int32_t> ranks(4);
    LabelRanks<float>(scores.data(), std::vector<int32_t>(4, label).data(), 4,
                      3, ranks.data());
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(ranks[i] == 0, classes[i] == label) << i << " " << label;
    }
  }
}

TEST(DropoutMask, DependsOnThePositionOfTheSampleAndNotOnTheBatch) {
  const DropoutKey key{42, 1, 17};
  std::vector<float> whole(4 * 50), part(2 * 50);
  FillDropoutMask(key, {0, 1, 2, 3}, 50, 0.5, DType::kFloat32, whole.data());
  FillDropoutMask(key, {3, 1}, 50, 0.5, DType::kFloat32, part.data());
  for (int e = 0; e < 50; ++e) {
    EXPECT_EQ(part[e], whole[3 * 50 + e]);
    EXPECT_EQ(part[50 + e], whole[50 + e]);
  }
  std::vector<float> next_step(4 * 50);
  FillDropoutMask({42, 1, 18}, {0, 1, 2, 3}, 50, 0.5, DType::kFloat32,
                  next_step.data());
  EXPECT_NE(whole, next_step);
}

TEST(DropoutMask, KeepsTheStatedShareAndTheMeanInEveryElementType) {
  std::vector<int64_t> positions;
  for (int64_t i = 0; i < 2000; ++i) positions.push_back(i);
  const int64_t elements = 32;
  for (const double probability : {0.0, 0.1, 0.5}) {
    std::vector<double> mask(positions.size() * elements);
    std::vector<uint16_t> half(mask.size());
    FillDropoutMask({7, 0, 0}, positions, elements, probability,
                    DType::kFloat64, mask.data());
    FillDropoutMask({7, 0, 0}, positions, elements, probability,
                    DType::kBFloat16, half.data());
    double dropped = 0;
    for (size_t i = 0; i < mask.size(); ++i) {
      EXPECT_TRUE(mask[i] == 0 || mask[i] == 1 / (1 - probability));
      EXPECT_EQ(mask[i] == 0, half[i] == 0);
      dropped += mask[i] == 0;
    }
    // Five standard deviations of a binomial share.
    const double deviation =
        std::sqrt(probability * (1 - probability) / mask.size());
    EXPECT_THAT(dropped / mask.size(),
                DoubleNear(probability, 5 * deviation + 1e-12));
  }
}

}  // namespace
}  // namespace reprise
