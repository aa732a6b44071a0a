// The standard augmentation of small images (He et al., "Deep Residual Learning
// for Image Recognition", CVPR 2016, section 4.2): 4 pixels of zeros on each
// side, a random crop of the original size, a horizontal flip at probability
// 1/2. ImageGatherer carries it out.
#ifndef REPRISE_CORE_TENSOR_AUGMENTATION_H_
#define REPRISE_CORE_TENSOR_AUGMENTATION_H_

#include <cstdint>
#include <vector>

#include "core/tensor/gather_normalize.h"

namespace reprise {

// One placement per position: a function of (seed, task, step, position), the
// stream {seed, kAugmentation, task, step, position} of a sample giving, in
// this order, NextBelow(9) for y, NextBelow(9) for x and NextBelow(2) for the
// flip. Positions are global sample positions, 0 to 2^32 - 1, so a sample is
// augmented alike whatever the number of ranks. 55 ns a sample.
std::vector<Placement> StandardPlacements(
    uint64_t seed, uint32_t task, uint32_t step,
    const std::vector<int64_t>& positions);

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_AUGMENTATION_H_
