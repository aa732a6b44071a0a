// Which GPU each rank of a host takes, whatever each of them sees of the GPUs:
// all (mpirun), some in an order of their own (srun --gpu-bind), one
// (containers, CUDA_VISIBLE_DEVICES).
#ifndef REPRISE_CORE_DEVICE_GPU_GPU_ASSIGNMENT_H_
#define REPRISE_CORE_DEVICE_GPU_GPU_ASSIGNMENT_H_

#include <string>
#include <vector>

namespace reprise {

// `visible`: of each rank of the host the PCI ids of the GPUs that it sees, by
// its own numbers. Returns for each rank the number of its GPU, -1 for one that
// sees none. As many ranks as can take GPUs of their own (a maximum matching);
// the others share the GPUs that fewest have taken. Where all see the same
// GPUs, rank i takes number i modulo their count.
std::vector<int> AssignGpus(
    const std::vector<std::vector<std::string>>& visible);

}  // namespace reprise

#endif  // REPRISE_CORE_DEVICE_GPU_GPU_ASSIGNMENT_H_
