#include "core/base/cores.h"

#include <sched.h>

#include <bitset>
#include <cstring>
#include <thread>

namespace reprise {

int UsableCores() {
  const int cores = NumCores(UsableCoreMask());
  return cores > 0 ? cores
                   : static_cast<int>(std::thread::hardware_concurrency());
}

CoreMask UsableCoreMask() {
  CoreMask mask = {};
  cpu_set_t usable;
  static_assert(sizeof(usable) == sizeof(mask));
  if (sched_getaffinity(0, sizeof(usable), &usable) == 0) {
    std::memcpy(mask.data(), &usable, sizeof(mask));
  }
  return mask;
}

int NumCores(const CoreMask& mask) {
  int cores = 0;
  for (const uint64_t word : mask) {
    cores += static_cast<int>(std::bitset<64>(word).count());
  }
  return cores;
}

}  // namespace reprise
