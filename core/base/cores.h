// The cores that this process may use.
#ifndef REPRISE_CORE_BASE_CORES_H_
#define REPRISE_CORE_BASE_CORES_H_

#include <array>
#include <cstdint>

namespace reprise {

// As many as its affinity allows; all of the machine where that is not known.
int UsableCores();

// Its affinity, a bit for each core; all 0 where that is not known.
using CoreMask = std::array<uint64_t, 16>;
CoreMask UsableCoreMask();
int NumCores(const CoreMask& mask);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_CORES_H_
