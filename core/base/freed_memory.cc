#include "core/base/freed_memory.h"

#include <malloc.h>

namespace reprise {

void KeepFreedMemory() {
  mallopt(M_MMAP_THRESHOLD, 256 << 20);
  mallopt(M_TRIM_THRESHOLD, -1);
}

}  // namespace reprise
