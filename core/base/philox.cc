#include "core/base/philox.h"

#include "core/base/check.h"

namespace reprise {

std::array<uint32_t, 4> PhiloxBlock(std::array<uint32_t, 4> counter,
                                    std::array<uint32_t, 2> key) {
  constexpr uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = kMultiplier0 * counter[0];
    const uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(product0)};
    key = {key[0] + kWeyl0, key[1] + kWeyl1};
  }
  return counter;
}

PhiloxStream::PhiloxStream(const StreamKey& key)
    : counter_{0, key.position, key.step,
               (static_cast<uint32_t>(key.purpose) << 24) | key.task},
      key_{static_cast<uint32_t>(key.seed),
           static_cast<uint32_t>(key.seed >> 32)} {
  REPRISE_CHECK(key.task < (1u << 24)) << "task " << key.task;
}

uint32_t PhiloxStream::NextWord() {
  if (used_ == 4) {
    block_ = PhiloxBlock(counter_, key_);
    ++counter_[0];
    REPRISE_CHECK(counter_[0] != 0) << "a stream holds 2^34 words";
    used_ = 0;
  }
  return block_[used_++];
}

uint64_t PhiloxStream::NextWord64() {
  const uint64_t low = NextWord();
  return low | (static_cast<uint64_t>(NextWord()) << 32);
}

uint64_t PhiloxStream::NextBelow(uint64_t bound) {
  return static_cast<uint64_t>(
      (static_cast<unsigned __int128>(NextWord64()) * bound) >> 64);
}

}  // namespace reprise
