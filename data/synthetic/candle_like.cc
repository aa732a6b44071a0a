#include "data/synthetic/candle_like.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/philox.h"
#include "data/candle/max_abs.h"

namespace reprise {
namespace {

constexpr int kClasses = 2;
constexpr int64_t kInformativeOf = 3;  // every third, at random

// Purpose's `task` and `step` of the streams.
enum Split : uint32_t { kTrain = 0, kTest = 1, kFeatures = 2 };
constexpr uint32_t kCandle = 1;  // 0 is the stand-in for MNIST

// Logarithms are base 2, in units of 2^-23: adding one to the bits of 1.0f
// gives a float32 whose logarithm it is, but for straight lines between the
// powers of two, without any function that rounds.
constexpr int32_t kOctave = 1 << 23;
constexpr int32_t kBitsOfOne = 127 << 23;

struct Feature {
  int32_t logarithm = 0;  // of the middle value
  int32_t effect = 0;     // added in class 1, subtracted in class 0
  uint32_t zeros = 0;     // the share of zeros, of 2^16
};

// The sum of four bytes: mean 510, standard deviation 147.8, roughly normal.
int32_t SumOfBytes(uint32_t word) {
  return static_cast<int32_t>((word & 255) + (word >> 8 & 255) +
                              (word >> 16 & 255) + (word >> 24));
}

// Units of noise per unit of SumOfBytes: a deviation of 0.35 octaves.
constexpr int32_t kNoiseUnit = kOctave / 423;

std::vector<Feature> MakeFeatures(uint64_t seed, int64_t count) {
  PhiloxStream stream({seed, Purpose::kSyntheticData, kFeatures, kCandle, 0});
  std::vector<Feature> features(count);
  for (Feature& feature : features) {
    // A deviation of 2.5 octaves around 2^0.75, between 2^-6 and 2^7.5.
    const int32_t spread =
        (SumOfBytes(stream.NextWord()) - 510) * (kOctave / 59);
    feature.logarithm =
        kOctave / 4 * 3 +
        std::clamp(spread, -27 * (kOctave / 4), 27 * (kOctave / 4));
    // The smaller of two uniform numbers, scaled: 26 % on average, up to 76 %.
    const uint32_t word = stream.NextWord();
    feature.zeros = std::min(word & 0xFFFF, word >> 16) * 153 / 200;
    if (stream.NextBelow(kInformativeOf) == 0) {
      const int32_t size =
          static_cast<int32_t>(70 + stream.NextBelow(61)) * (kOctave / 100);
      feature.effect = stream.NextBelow(2) == 0 ? size : -size;
    }
  }
  return features;
}

void MakeRow(uint64_t seed, const std::vector<Feature>& features, Split split,
             int64_t index, int label, float* row) {
  PhiloxStream stream({seed, Purpose::kSyntheticData, split, kCandle,
                       static_cast<uint32_t>(index)});
  for (const Feature& feature : features) {
    const uint32_t word = stream.NextWord();
    // Two more numbers out of the same word: its product's bits depend on all
    // of its lower ones.
    const uint32_t mixed = (word ^ word >> 15) * 2654435769u;
    int32_t logarithm = feature.logarithm +
                        (SumOfBytes(word) - 510) * kNoiseUnit +
                        static_cast<int32_t>(mixed & 0xFFFF) - 0x8000;
    if (feature.effect != 0 && (word & 3) != 0) {
      logarithm += label == 1 ? feature.effect : -feature.effect;
    }
    const int32_t bits =
        mixed >> 16 < feature.zeros ? 0 : kBitsOfOne + logarithm;
    std::memcpy(row++, &bits, sizeof(bits));
  }
}

std::shared_ptr<Dataset> MakeSplit(uint64_t seed,
                                   const std::vector<Feature>& features,
                                   Split split, int64_t rows) {
  REPRISE_CHECK(rows > 0) << rows << " rows";
  auto dataset = std::make_shared<Dataset>();
  dataset->format.element = DType::kFloat32;
  dataset->format.width = static_cast<int64_t>(features.size());
  dataset->num_classes = kClasses;
  dataset->rows.resize(rows * dataset->format.row_bytes());
  dataset->labels.resize(rows);
  float* const values = reinterpret_cast<float*>(dataset->rows.data());
  for (int64_t i = 0; i < rows; ++i) {
    const int label = static_cast<int>(i % kClasses);
    dataset->labels[i] = label;
    MakeRow(seed, features, split, i, label,
            values + i * dataset->format.width);
  }
  return dataset;
}

}  // namespace

DatasetPair GenerateCandleLike(uint64_t seed, int64_t train_rows,
                               int64_t test_rows, int64_t features) {
  REPRISE_CHECK(features > 0) << features << " features";
  const std::vector<Feature> made = MakeFeatures(seed, features);
  std::shared_ptr<Dataset> train = MakeSplit(seed, made, kTrain, train_rows);
  std::shared_ptr<Dataset> test = MakeSplit(seed, made, kTest, test_rows);
  train->format.element_scale =
      ScaleOfMaxAbs(MaxAbsOf(reinterpret_cast<const float*>(train->rows.data()),
                             train_rows, features));
  test->format.element_scale = train->format.element_scale;
  DatasetPair pair;
  pair.name = "candle";
  pair.source = absl::StrCat("generated stand-in for CANDLE NT3, seed ", seed);
  pair.generated = true;
  pair.train = std::move(train);
  pair.test = std::move(test);
  return pair;
}

}  // namespace reprise
