// Which incoming samples of a step are offered to the rehearsal buffer.
#ifndef REPRISE_CORE_BUFFER_CANDIDATE_SELECTION_H_
#define REPRISE_CORE_BUFFER_CANDIDATE_SELECTION_H_

#include <cstdint>
#include <vector>

#include "core/base/permutation.h"
#include "core/base/philox.h"

namespace reprise {

// min(candidates, incoming) different indices of [0, incoming), uniform, in the
// order in which they are offered. `key`: (seed, kCandidateDraw, task, step,
// position), position 0 where the buffer is shared, else the rank.
inline std::vector<int64_t> SelectCandidates(int64_t incoming,
                                             int64_t candidates,
                                             const StreamKey& key) {
  return SampleWithoutReplacement(key, incoming, candidates);
}

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_CANDIDATE_SELECTION_H_
