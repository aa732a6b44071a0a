#include "data/synthetic/candle_like.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status_matchers.h"
#include "data/candle/candle.h"
#include "data/candle/max_abs.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/dataset.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

const float* RowOf(const Dataset& data, int64_t index) {
  return reinterpret_cast<const float*>(data.At(index).row);
}

// The share of test rows, as the network gets them, whose nearer class mean
// over the training rows is theirs, with only the features from `first` on,
// every `step`-th.
double NearestMeanAccuracy(const DatasetPair& pair, int64_t first,
                           int64_t step) {
  const Dataset& train = *pair.train;
  const int64_t features = train.format.elements();
  const std::vector<float>& scale = train.format.element_scale;
  std::vector<double> means[2];
  for (int label = 0; label < 2; ++label) {
    means[label].resize(features);
    for (int64_t i = label; i < train.size(); i += 2) {
      for (int64_t e = 0; e < features; ++e) {
        means[label][e] += RowOf(train, i)[e] * scale[e] / (train.size() / 2);
      }
    }
  }
  int64_t correct = 0;
  for (int64_t i = 0; i < pair.test->size(); ++i) {
    double distance[2] = {0, 0};
    for (int label = 0; label < 2; ++label) {
      for (int64_t e = first; e < features; e += step) {
        const double difference =
            RowOf(*pair.test, i)[e] * scale[e] - means[label][e];
        distance[label] += difference * difference;
      }
    }
    correct += (distance[1] < distance[0]) == (pair.test->labels[i] == 1);
  }
  return static_cast<double>(correct) / pair.test->size();
}

TEST(CandleLike, HasNt3sShapeAndSaysThatItIsGenerated) {
  const DatasetPair pair = GenerateCandleLike(1, 6, 3);
  EXPECT_TRUE(pair.generated);
  EXPECT_EQ(pair.name, "candle");
  EXPECT_EQ(pair.source, "generated stand-in for CANDLE NT3, seed 1");
  EXPECT_EQ(pair.train->size(), 6);
  EXPECT_EQ(pair.test->size(), 3);
  EXPECT_EQ(pair.train->rows.size(), 6u * 60483 * 4);
  EXPECT_EQ(pair.train->format.element, DType::kFloat32);
  EXPECT_EQ(pair.train->format.channels, 1);
  EXPECT_EQ(pair.train->format.height, 1);
  EXPECT_EQ(pair.train->format.width, 60483);
  EXPECT_EQ(pair.train->num_classes, 2);
  EXPECT_EQ(pair.train->labels, (std::vector<int32_t>{0, 1, 0, 1, 0, 1}));
}

TEST(CandleLike, IsScaledByTheTrainingRowsAlone) {
  const DatasetPair pair = GenerateCandleLike(1, 10, 10, 500);
  EXPECT_EQ(pair.train->format.element_scale,
            ScaleOfMaxAbs(MaxAbsOf(RowOf(*pair.train, 0), 10, 500)));
  EXPECT_EQ(pair.test->format.element_scale, pair.train->format.element_scale);
}

TEST(CandleLike, IsAFunctionOfTheSeedWhateverTheNumberOfRows) {
  const DatasetPair a = GenerateCandleLike(7, 5, 1, 1000);
  const DatasetPair longer = GenerateCandleLike(7, 9, 1, 1000);
  const DatasetPair other = GenerateCandleLike(8, 5, 1, 1000);
  EXPECT_TRUE(std::equal(a.train->rows.begin(), a.train->rows.end(),
                         longer.train->rows.begin()));
  EXPECT_FALSE(a.train->rows == other.train->rows);
  EXPECT_FALSE(std::equal(a.test->rows.begin(), a.test->rows.end(),
                          a.train->rows.begin()));
}

// A change of these bytes changes every number measured on generated data.
TEST(CandleLike, KeepsItsBytes) {
  const DatasetPair pair = GenerateCandleLike(42, 4, 2);
  uint64_t digest = 0xCBF29CE484222325;  // FNV-1a
  for (const auto* split : {pair.train.get(), pair.test.get()}) {
    for (const std::byte b : split->rows) {
      digest = (digest ^ std::to_integer<uint64_t>(b)) * 0x100000001B3;
    }
  }
  EXPECT_EQ(digest, 2210250619360590322u);
}

TEST(CandleLike, ValuesAreFiniteNonNegativeAndOftenZero) {
  const DatasetPair pair = GenerateCandleLike(42, 20, 1);
  const int64_t values = 20 * 60483;
  int64_t zeros = 0;
  for (int64_t i = 0; i < values; ++i) {
    const float value = RowOf(*pair.train, 0)[i];
    ASSERT_TRUE(value == 0 || (value > 1e-5f && value < 1e5f)) << value;
    zeros += value == 0;
  }
  EXPECT_NEAR(static_cast<double>(zeros) / values, 0.26, 0.01);
}

TEST(CandleLike, CanBeLearntButNotFromAFewFeatures) {
  const DatasetPair pair = GenerateCandleLike(42, 200, 100);
  EXPECT_GT(NearestMeanAccuracy(pair, 0, 1), 0.97);
  // Fifteen features, of which five or so are informative.
  const double few = NearestMeanAccuracy(pair, 1, 4000);
  EXPECT_GT(few, 0.5);
  EXPECT_LT(few, 0.95);
}

TEST(CandleLike, SurvivesTheTripThroughCsvFiles) {
  const DatasetPair pair = GenerateCandleLike(3, 4, 2);
  const std::string folder = ::testing::TempDir() + "/candle_like";
  REPRISE_ASSERT_OK(WriteCandle(folder, pair));
  std::vector<std::string> warnings;
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read,
                               ReadCandle(folder, CandleOptions(), &warnings));
  for (const auto& [split, original] : {std::make_pair(read.train, pair.train),
                                        std::make_pair(read.test, pair.test)}) {
    EXPECT_EQ(split->labels, original->labels);
    EXPECT_EQ(split->format.element_scale, original->format.element_scale);
    EXPECT_EQ(std::memcmp(split->At(0).row, original->rows.data(),
                          original->rows.size()),
              0);
  }
}

}  // namespace
}  // namespace reprise
