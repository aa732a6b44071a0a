// Random permutations and draws without replacement, keyed by a stream.
//
// Both are prefixes of one forward Fisher-Yates shuffle of 0..n-1:
//   for i = 0, 1, ...: j = i + NextBelow(n - i); swap(a[i], a[j])
// so SampleWithoutReplacement(key, n, k) equals the first k entries of
// RandomPermutation(key, n), exactly uniform over all ordered k-subsets (up to
// the 2^-40 or so of NextBelow). A keyed Feistel permutation would give random
// access, but over the small domains of a filling buffer it reaches only some
// of the permutations; a draw enumerates all its indices anyway.
#ifndef REPRISE_CORE_BASE_PERMUTATION_H_
#define REPRISE_CORE_BASE_PERMUTATION_H_

#include <cstdint>
#include <vector>

#include "core/base/philox.h"

namespace reprise {

// O(n) time and memory. n >= 0.
std::vector<int64_t> RandomPermutation(const StreamKey& key, int64_t n);

// min(k, n) distinct values of [0, n) in draw order. O(k) time and memory.
std::vector<int64_t> SampleWithoutReplacement(const StreamKey& key, int64_t n,
                                              int64_t k);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PERMUTATION_H_
