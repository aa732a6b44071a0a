// How ranks split what they share.
#ifndef REPRISE_CORE_BASE_SLICES_H_
#define REPRISE_CORE_BASE_SLICES_H_

#include <cstdint>

namespace reprise {

// The first of `total` items that rank `rank` of `world_size` owns when they
// are split into contiguous slices as evenly as possible, the remainder to the
// low ranks; rank = world_size gives `total`.
int64_t SliceBegin(int64_t total, int rank, int world_size);

// How many of them it owns.
inline int64_t SliceSize(int64_t total, int rank, int world_size) {
  return SliceBegin(total, rank + 1, world_size) -
         SliceBegin(total, rank, world_size);
}

// The rank whose slice holds `item`, in [0, total).
int RankOfItem(int64_t item, int64_t total, int world_size);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_SLICES_H_
