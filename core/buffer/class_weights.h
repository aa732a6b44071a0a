// NIL's weights of representatives in the loss (Munoz et al., Knowledge-Based
// Systems 208, 2020, as the research code ran it).
#ifndef REPRISE_CORE_BUFFER_CLASS_WEIGHTS_H_
#define REPRISE_CORE_BUFFER_CLASS_WEIGHTS_H_

#include <cstdint>
#include <vector>

namespace reprise {

// w_c = max(ln(class_count[c] / offered * total), 1) with
// total = (B / C) * (offered / held), offered = sum class_count, held = sum
// stored: how many incoming samples one representative stands for. 1 for a
// class that was never offered, and for all while nothing is held.
//
// batch_size: B, the configured one, also after a short batch; candidates: C,
// per step; both over the ranks that share the buffer. class_count, stored:
// [num_classes], see BufferStats.
std::vector<double> ClassWeights(int64_t batch_size, int64_t candidates,
                                 const std::vector<int64_t>& class_count,
                                 const std::vector<int64_t>& stored);

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_CLASS_WEIGHTS_H_
