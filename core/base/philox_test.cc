#include "core/base/philox.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;

// kat_vectors of Random123 1.14, philox4x32 with 10 rounds.
TEST(PhiloxTest, BlockEqualsTheKnownAnswersOfRandom123) {
  EXPECT_THAT(PhiloxBlock({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(PhiloxBlock({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(PhiloxBlock({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                          {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(PhiloxTest, AStreamIsTheBlocksOfItsDocumentedCounterLayout) {
  StreamKey key;
  key.seed = 0x0123456789abcdefu;
  key.purpose = Purpose::kDropout;
  key.task = 7;
  key.step = 8;
  key.position = 9;
  PhiloxStream stream(key);
  for (uint32_t block = 0; block < 3; ++block) {
    const auto expected =
        PhiloxBlock({block, 9, 8, (3u << 24) | 7}, {0x89abcdefu, 0x01234567u});
    for (uint32_t word : expected) EXPECT_EQ(stream.NextWord(), word);
  }
}

TEST(PhiloxTest, StreamsWhoseKeysDifferInAnyFieldShareNoBlock) {
  std::vector<StreamKey> keys(7);
  keys[1].seed = 1;
  keys[2].seed = uint64_t{1} << 32;
  keys[3].purpose = Purpose::kDropout;
  keys[4].task = 1;
  keys[5].step = 1;
  keys[6].position = 1;
  std::set<std::array<uint32_t, 4>> blocks;
  for (const StreamKey& key : keys) {
    PhiloxStream stream(key);
    for (int block = 0; block < 100; ++block) {
      blocks.insert({stream.NextWord(), stream.NextWord(), stream.NextWord(),
                     stream.NextWord()});
    }
  }
  EXPECT_EQ(blocks.size(), 700u);
}

TEST(PhiloxTest, TheSameKeyGivesTheSameWords) {
  PhiloxStream first(StreamKey{}), second(StreamKey{});
  for (int i = 0; i < 9; ++i) EXPECT_EQ(first.NextWord(), second.NextWord());
}

TEST(PhiloxTest, NextWord64HasItsFirstWordLow) {
  PhiloxStream words(StreamKey{}), pairs(StreamKey{});
  const uint64_t low = words.NextWord(), high = words.NextWord();
  EXPECT_EQ(pairs.NextWord64(), low | (high << 32));
}

TEST(PhiloxTest, NextBelowStaysBelowItsBoundAndReachesEveryValue) {
  PhiloxStream stream(StreamKey{});
  EXPECT_EQ(stream.NextBelow(1), 0u);
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(stream.NextBelow(7));
  EXPECT_THAT(seen, ElementsAre(0, 1, 2, 3, 4, 5, 6));
  for (uint64_t bound : {(uint64_t{1} << 32) + 1, ~uint64_t{0}}) {
    uint64_t largest = 0;
    for (int i = 0; i < 100; ++i) {
      const uint64_t value = stream.NextBelow(bound);
      ASSERT_LT(value, bound);
      largest = std::max(largest, value);
    }
    EXPECT_GT(largest, bound / 2);
  }
}

TEST(PhiloxTest, NextUniformIsBelowOneAndCentredOnOneHalf) {
  PhiloxStream stream(StreamKey{});
  double sum = 0;
  constexpr int kDraws = 10000;
  for (int i = 0; i < kDraws; ++i) {
    const float value = stream.NextUniform();
    ASSERT_GE(value, 0.0f);
    ASSERT_LT(value, 1.0f);
    sum += value;
  }
  // Five standard deviations of the mean of kDraws uniforms.
  EXPECT_NEAR(sum / kDraws, 0.5, 5 * 0.2887 / 100);
}

TEST(PhiloxDeathTest, ATaskBeyond24BitsIsABrokenInvariant) {
  StreamKey key;
  key.task = 1u << 24;
  EXPECT_DEATH(PhiloxStream{key}, "task 16777216");
}

}  // namespace
}  // namespace reprise
