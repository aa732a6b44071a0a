#include "core/base/permutation.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "core/base/check.h"

namespace reprise {

std::vector<int64_t> RandomPermutation(const StreamKey& key, int64_t n) {
  REPRISE_CHECK(n >= 0) << "n = " << n;
  std::vector<int64_t> values(n);
  std::iota(values.begin(), values.end(), 0);
  PhiloxStream stream(key);
  for (int64_t i = 0; i < n; ++i) {
    std::swap(values[i], values[i + stream.NextBelow(n - i)]);
  }
  return values;
}

std::vector<int64_t> SampleWithoutReplacement(const StreamKey& key, int64_t n,
                                              int64_t k) {
  REPRISE_CHECK(n >= 0 && k >= 0) << "n = " << n << ", k = " << k;
  std::vector<int64_t> drawn(std::min(n, k));
  // The entries that the shuffle has moved; all others still hold their index.
  absl::flat_hash_map<int64_t, int64_t> moved;
  auto value_at = [&](int64_t i) {
    auto it = moved.find(i);
    return it == moved.end() ? i : it->second;
  };
  PhiloxStream stream(key);
  for (int64_t i = 0; i < static_cast<int64_t>(drawn.size()); ++i) {
    const int64_t j = i + static_cast<int64_t>(stream.NextBelow(n - i));
    drawn[i] = value_at(j);
    moved[j] = value_at(i);
  }
  return drawn;
}

}  // namespace reprise
