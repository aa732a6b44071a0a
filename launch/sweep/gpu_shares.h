// The GPUs of this host over points that run at the same time.
#ifndef REPRISE_LAUNCH_SWEEP_GPU_SHARES_H_
#define REPRISE_LAUNCH_SWEEP_GPU_SHARES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

// A value of CUDA_VISIBLE_DEVICES for each place of a point, all of as many
// GPUs; what is left over stays idle. Empty: all points see all, a point that
// is alone, and where there are fewer GPUs than points.
//
// `gpus`: how many this process sees. `visible`: CUDA_VISIBLE_DEVICES of this
// process, whose names (numbers, UUIDs, MIG instances) are kept; empty where it
// is not set, then they are 0, 1 ...
std::vector<std::string> ShareGpus(int64_t gpus, absl::string_view visible,
                                   int64_t parallel);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_GPU_SHARES_H_
