// What the tests of buffers offer and how they judge what comes back.
#ifndef REPRISE_CORE_BUFFER_TESTING_BUFFER_SAMPLES_H_
#define REPRISE_CORE_BUFFER_TESTING_BUFFER_SAMPLES_H_

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <vector>

#include "core/base/sample.h"
#include "gtest/gtest.h"

namespace reprise {

inline constexpr int64_t kRowBytes = 24;

// Samples whose rows hold their id and label three times over.
class Source {
 public:
  Sample Make(int32_t label, int64_t id) {
    rows_.emplace_back();
    const int64_t words[3] = {id, label, ~id};
    std::memcpy(rows_.back().bytes, words, kRowBytes);
    return {rows_.back().bytes, label, id};
  }
  std::vector<Sample> Make(int32_t label, int64_t first_id, int64_t count) {
    std::vector<Sample> samples;
    for (int64_t i = 0; i < count; ++i) {
      samples.push_back(Make(label, first_id + i));
    }
    return samples;
  }

 private:
  struct Row {
    std::byte bytes[kRowBytes];
  };
  std::deque<Row> rows_;
};

// Row, id and label belong together.
inline void ExpectBound(const Sample& sample) {
  int64_t words[3];
  std::memcpy(words, sample.row, kRowBytes);
  EXPECT_EQ(words[0], sample.id);
  EXPECT_EQ(words[1], sample.label);
  EXPECT_EQ(words[2], ~sample.id);
}

inline std::vector<int64_t> IdsOf(const std::vector<Sample>& samples) {
  std::vector<int64_t> ids;
  for (const Sample& sample : samples) ids.push_back(sample.id);
  return ids;
}

// The statistic of `counts` against equal expectation.
inline double ChiSquare(const std::vector<int64_t>& counts) {
  double total = 0;
  for (const int64_t count : counts) total += static_cast<double>(count);
  const double expected = total / static_cast<double>(counts.size());
  double statistic = 0;
  for (const int64_t count : counts) {
    const double deviation = static_cast<double>(count) - expected;
    statistic += deviation * deviation / expected;
  }
  return statistic;
}

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_TESTING_BUFFER_SAMPLES_H_
