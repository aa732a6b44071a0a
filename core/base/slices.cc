#include "core/base/slices.h"

#include <algorithm>

#include "core/base/check.h"

namespace reprise {

int64_t SliceBegin(int64_t total, int rank, int world_size) {
  return total / world_size * rank +
         std::min<int64_t>(rank, total % world_size);
}

int RankOfItem(int64_t item, int64_t total, int world_size) {
  REPRISE_CHECK(item >= 0 && item < total) << item << " of " << total;
  const int64_t size = total / world_size, larger = total % world_size;
  const int64_t in_larger = larger * (size + 1);
  return static_cast<int>(item < in_larger
                              ? item / (size + 1)
                              : larger + (item - in_larger) / size);
}

}  // namespace reprise
