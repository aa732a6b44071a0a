#include "data/synthetic/mnist_like.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status_matchers.h"
#include "data/mnist/idx_writer.h"
#include "data/mnist/mnist.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

int64_t Distance(const std::byte* a, const std::byte* b) {
  int64_t sum = 0;
  for (int i = 0; i < 784; ++i) {
    const int difference =
        std::to_integer<int>(a[i]) - std::to_integer<int>(b[i]);
    sum += difference * difference;
  }
  return sum;
}

// The share of test samples whose nearest of `candidates` has their label.
double NearestAccuracy(const Dataset& candidates, const Dataset& test) {
  int64_t correct = 0;
  for (int64_t i = 0; i < test.size(); ++i) {
    int64_t best = INT64_MAX;
    int32_t label = -1;
    for (int64_t k = 0; k < candidates.size(); ++k) {
      const int64_t d = Distance(candidates.At(k).row, test.At(i).row);
      if (d < best) {
        best = d;
        label = candidates.labels[k];
      }
    }
    correct += label == test.labels[i];
  }
  return static_cast<double>(correct) / test.size();
}

// One mean image per class.
Dataset ClassMeans(const Dataset& data) {
  std::vector<int64_t> sums(10 * 784), counts(10);
  for (int64_t i = 0; i < data.size(); ++i) {
    ++counts[data.labels[i]];
    for (int p = 0; p < 784; ++p) {
      sums[data.labels[i] * 784 + p] += std::to_integer<int>(data.At(i).row[p]);
    }
  }
  Dataset means;
  means.format = data.format;
  for (int c = 0; c < 10; ++c) {
    means.labels.push_back(c);
    for (int p = 0; p < 784; ++p) {
      means.rows.push_back(
          static_cast<std::byte>(sums[c * 784 + p] / counts[c]));
    }
  }
  return means;
}

TEST(MnistLike, HasMnistsShapeAndSaysThatItIsGenerated) {
  const DatasetPair pair = GenerateMnistLike(1, 3, 2);
  EXPECT_TRUE(pair.generated);
  EXPECT_EQ(pair.name, "mnist");
  EXPECT_EQ(pair.source, "generated stand-in for MNIST, seed 1");
  EXPECT_EQ(pair.train->size(), 30);
  EXPECT_EQ(pair.test->size(), 20);
  EXPECT_EQ(pair.train->rows.size(), 30u * 784);
  const RowFormat format = MnistRowFormat();
  EXPECT_EQ(pair.train->format.row_bytes(), format.row_bytes());
  EXPECT_EQ(pair.train->format.height, format.height);
  EXPECT_EQ(pair.train->format.scale, format.scale);
  EXPECT_EQ(pair.train->format.mean, format.mean);
  EXPECT_EQ(pair.train->format.stddev, format.stddev);
  for (int64_t i = 0; i < 30; ++i) EXPECT_EQ(pair.train->labels[i], i % 10);
}

TEST(MnistLike, IsAFunctionOfTheSeedWhateverTheNumberOfSamples) {
  const DatasetPair a = GenerateMnistLike(7, 5, 1);
  const DatasetPair longer = GenerateMnistLike(7, 9, 1);
  const DatasetPair other = GenerateMnistLike(8, 5, 1);
  EXPECT_TRUE(std::equal(a.train->rows.begin(), a.train->rows.end(),
                         longer.train->rows.begin()));
  EXPECT_NE(a.train->rows, other.train->rows);
  EXPECT_FALSE(std::equal(a.test->rows.begin(), a.test->rows.end(),
                          a.train->rows.begin()));
}

// A change of these bytes changes every number measured on generated data.
TEST(MnistLike, KeepsItsBytes) {
  const DatasetPair pair = GenerateMnistLike(42, 10, 10);
  uint64_t digest = 0xCBF29CE484222325;  // FNV-1a
  for (const auto* split : {pair.train.get(), pair.test.get()}) {
    for (const std::byte b : split->rows) {
      digest = (digest ^ std::to_integer<uint64_t>(b)) * 0x100000001B3;
    }
  }
  EXPECT_EQ(digest, 17043993973108869209u);
}

TEST(MnistLike, CanBeLearntThoughClassMeansDoNotSuffice) {
  const DatasetPair pair = GenerateMnistLike(42, 600, 30);
  const double means = NearestAccuracy(ClassMeans(*pair.train), *pair.test);
  const double neighbour = NearestAccuracy(*pair.train, *pair.test);
  EXPECT_GT(means, 0.5);  // chance is 0.1
  EXPECT_LT(means, 0.85);
  EXPECT_GT(neighbour, 0.95);
}

TEST(MnistLike, SurvivesTheTripThroughIdxFiles) {
  const DatasetPair pair = GenerateMnistLike(3, 4, 2);
  const std::string folder = ::testing::TempDir() + "/mnist_like";
  REPRISE_ASSERT_OK(WriteMnist(folder, pair, /*compressed=*/true));
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(folder));
  EXPECT_EQ(read.train->rows, pair.train->rows);
  EXPECT_EQ(read.train->labels, pair.train->labels);
  EXPECT_EQ(read.test->rows, pair.test->rows);
  EXPECT_EQ(read.test->labels, pair.test->labels);
}

}  // namespace
}  // namespace reprise
