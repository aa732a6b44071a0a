#include "data/synthetic/cifar10_like.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/status_matchers.h"
#include "data/cifar10/cifar10.h"
#include "data/cifar10/cifar_writer.h"
#include "data/dataset.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// An image as the sums of its blocks of 4x4 pixels, [3, 8, 8].
using Blocks = std::array<int, 192>;

Blocks BlocksOf(const std::byte* row) {
  Blocks blocks{};
  for (int i = 0; i < 3072; ++i) {
    const int c = i / 1024, y = i / 32 % 32, x = i % 32;
    blocks[(c * 8 + y / 4) * 8 + x / 4] += std::to_integer<int>(row[i]);
  }
  return blocks;
}

std::vector<Blocks> AllBlocks(const Dataset& data) {
  std::vector<Blocks> all;
  for (int64_t i = 0; i < data.size(); ++i) {
    all.push_back(BlocksOf(data.At(i).row));
  }
  return all;
}

// The share of test samples whose nearest of `candidates`, which have the
// labels 0 to 9 in turn, has their label.
double NearestAccuracy(const std::vector<Blocks>& candidates,
                       const std::vector<Blocks>& test) {
  int correct = 0;
  for (size_t i = 0; i < test.size(); ++i) {
    int64_t best = INT64_MAX;
    size_t nearest = 0;
    for (size_t k = 0; k < candidates.size(); ++k) {
      int64_t distance = 0;
      for (int b = 0; b < 192; ++b) {
        const int64_t difference = candidates[k][b] - test[i][b];
        distance += difference * difference;
      }
      if (distance < best) {
        best = distance;
        nearest = k;
      }
    }
    correct += nearest % 10 == i % 10;
  }
  return static_cast<double>(correct) / test.size();
}

TEST(Cifar10Like, HasCifar10sShapeAndSaysThatItIsGenerated) {
  const DatasetPair pair = GenerateCifar10Like(1, 3, 2);
  EXPECT_TRUE(pair.generated);
  EXPECT_EQ(pair.name, "cifar10");
  EXPECT_EQ(pair.source, "generated stand-in for CIFAR-10, seed 1");
  EXPECT_EQ(pair.train->size(), 30);
  EXPECT_EQ(pair.test->size(), 20);
  EXPECT_EQ(pair.train->num_classes, 10);
  EXPECT_EQ(pair.train->rows.size(), 30u * 3072);
  EXPECT_EQ(pair.train->format.channels, 3);
  EXPECT_EQ(pair.train->format.mean, Cifar10RowFormat().mean);
  for (int64_t i = 0; i < 30; ++i) EXPECT_EQ(pair.train->labels[i], i % 10);
}

TEST(Cifar10Like, IsAFunctionOfTheSeedWhateverTheNumberOfSamples) {
  const DatasetPair a = GenerateCifar10Like(7, 5, 1);
  const DatasetPair longer = GenerateCifar10Like(7, 9, 1);
  const DatasetPair other = GenerateCifar10Like(8, 5, 1);
  EXPECT_TRUE(std::equal(a.train->rows.begin(), a.train->rows.end(),
                         longer.train->rows.begin()));
  EXPECT_NE(a.train->rows, other.train->rows);
  EXPECT_FALSE(std::equal(a.test->rows.begin(), a.test->rows.end(),
                          a.train->rows.begin()));
}

// A change of these bytes changes every number measured on generated data.
TEST(Cifar10Like, KeepsItsBytes) {
  const DatasetPair pair = GenerateCifar10Like(42, 10, 10);
  uint64_t digest = 0xCBF29CE484222325;  // FNV-1a
  for (const auto* split : {pair.train.get(), pair.test.get()}) {
    for (const std::byte b : split->rows) {
      digest = (digest ^ std::to_integer<uint64_t>(b)) * 0x100000001B3;
    }
  }
  EXPECT_EQ(digest, 10889252630426471030u);
}

TEST(Cifar10Like, CanBeLearntThoughClassMeansDoNotSuffice) {
  const DatasetPair pair = GenerateCifar10Like(42, 800, 50);
  const std::vector<Blocks> train = AllBlocks(*pair.train);
  std::vector<Blocks> means(10);
  for (size_t i = 0; i < train.size(); ++i) {
    for (int b = 0; b < 192; ++b) means[i % 10][b] += train[i][b];
  }
  for (Blocks& mean : means) {
    for (int& block : mean) block /= 800;
  }
  const std::vector<Blocks> test = AllBlocks(*pair.test);
  const double by_mean = NearestAccuracy(means, test);
  EXPECT_GT(by_mean, 0.2);  // chance is 0.1
  EXPECT_LT(by_mean, 0.4);
  EXPECT_GT(NearestAccuracy(train, test), 0.75);
}

TEST(Cifar10Like, SurvivesTheTripThroughCifar10sFiles) {
  const DatasetPair pair = GenerateCifar10Like(3, 4, 2);
  const std::string folder = ::testing::TempDir() + "/cifar10_like";
  REPRISE_ASSERT_OK(WriteCifar10(folder, pair));
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadCifar10(folder));
  EXPECT_EQ(read.train->rows, pair.train->rows);
  EXPECT_EQ(read.train->labels, pair.train->labels);
  EXPECT_EQ(read.test->rows, pair.test->rows);
  EXPECT_EQ(read.test->labels, pair.test->labels);
}

}  // namespace
}  // namespace reprise
