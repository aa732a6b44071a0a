// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw,
// "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011).
//
// Every random decision of Reprise is a pure function of a StreamKey: the seed,
// what the number is for, and where in the run it is used. There is no hidden
// state, so results do not depend on the number of ranks, on threads, or on
// what ran before, and a resumed run draws what the uninterrupted one would.
//
// Layout (an independent implementation needs nothing else): the Philox key is
// the seed (low word first); counter word 0 counts blocks of four words within
// the stream, word 1 is `position`, word 2 is `step`, word 3 is
// purpose * 2^24 + task. Two streams with different keys never share a block.
#ifndef REPRISE_CORE_BASE_PHILOX_H_
#define REPRISE_CORE_BASE_PHILOX_H_

#include <array>
#include <cstdint>

namespace reprise {

// What a stream is for. Values are part of the reproducibility contract:
// never renumber, only append.
enum class Purpose : uint32_t {
  kInitialWeights = 1,
  kEpochOrder = 2,
  kDropout = 3,
  kAugmentation = 4,
  kRepresentativeDraw = 5,
  kCandidateDraw = 6,
  kReplacement = 7,
  kSyntheticData = 8,
  kClassOrder = 9,
  kInstanceTasks = 10,
  kReservoir = 11,
  kRetryJitter = 12,
  kTest = 255,
};

struct StreamKey {
  uint64_t seed = 0;
  Purpose purpose = Purpose::kTest;
  uint32_t task = 0;      // below 2^24
  uint32_t step = 0;      // a step or an epoch, as the purpose defines
  uint32_t position = 0;  // a global sample position, a tensor number or a rank
};

// One block: ten Philox rounds over `counter` with `key`.
std::array<uint32_t, 4> PhiloxBlock(std::array<uint32_t, 4> counter,
                                    std::array<uint32_t, 2> key);

// The words of one stream in order. Cheap to make; not thread-safe.
class PhiloxStream {
 public:
  explicit PhiloxStream(const StreamKey& key);

  uint32_t NextWord();

  // Two words, the first one low.
  uint64_t NextWord64();

  // Uniform in [0, bound), bound > 0: floor(NextWord64() * bound / 2^64).
  // Deviates from exact uniformity by less than bound / 2^64.
  uint64_t NextBelow(uint64_t bound);

  // Uniform in [0, 1) with 24 bits: exact in float.
  float NextUniform() { return (NextWord() >> 8) * (1.0f / (1 << 24)); }

 private:
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PHILOX_H_
