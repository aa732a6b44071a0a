#include "core/base/cores.h"

#include <sched.h>

#include <thread>

namespace reprise {

int UsableCores() {
  cpu_set_t usable;
  return sched_getaffinity(0, sizeof(usable), &usable) == 0
             ? CPU_COUNT(&usable)
             : static_cast<int>(std::thread::hardware_concurrency());
}

}  // namespace reprise
