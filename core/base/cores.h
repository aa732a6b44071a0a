// The cores that this process may use.
#ifndef REPRISE_CORE_BASE_CORES_H_
#define REPRISE_CORE_BASE_CORES_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace reprise {

// As many as its affinity allows (all of the machine where that is not known),
// within its quota.
int UsableCores();

// Its affinity, a bit for each core; all 0 where that is not known.
using CoreMask = std::array<uint64_t, 16>;
CoreMask UsableCoreMask();
int NumCores(const CoreMask& mask);

// How many cores' time the process may take, as a container's --cpus sets it:
// the least quota of its control groups (cgroup 1 and 2) and of those that they
// are in, as far as they are mounted here; none where none sets one. What the
// system does not tell sets none. `root`: in front of /proc and all mount
// points, for tests.
std::optional<double> CoreQuota(const std::string& root = "");

// At most `cores`, at least 1: the quota rounded down. A step's threads wait
// for each other, and one that has used up the quota makes all of them wait for
// the rest of the period, a tenth of a second.
int WithinQuota(int cores, std::optional<double> quota = CoreQuota());

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_CORES_H_
