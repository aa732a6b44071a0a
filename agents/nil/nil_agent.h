// NIL: rehearsal from a class-balanced buffer of randomly chosen
// representatives (Munoz, Narvaez, Cobos, Mendoza, Herrera, "Incremental
// learning model inspired in Rehearsal for deep convolutional networks",
// Knowledge-Based Systems 208, 2020), as the research code ran it. A step:
//   1. min(R, stored) representatives, drawn uniformly without replacement over
//      all that are stored, join the minibatch with weight w_c; incoming
//      samples have weight 1.
//   2. Cross-entropy with the softmax over all classes; the gradient is
//      sum_i w_i grad l_i / sum_i w_i over all ranks.
//   3. After the optimizer step C incoming samples, drawn without replacement,
//      are offered: class_count[c] += 1; a full class replaces one at random.
//   4. w_c = max(ln(class_count[c] / sum class_count * total), 1) with
//      total = (B / C) * (sum class_count / stored); ln of a count share scaled
//      by how much the buffer has forgotten. See core/buffer/class_weights.h.
// The buffer is one over all ranks or one for each: core/buffer/
// rehearsal_buffer.h. Weights are those of the state that a step's
// representatives were drawn from.
#ifndef REPRISE_AGENTS_NIL_NIL_AGENT_H_
#define REPRISE_AGENTS_NIL_NIL_AGENT_H_

#include <cstdint>
#include <memory>

#include "agents/agent.h"
#include "core/buffer/rehearsal_buffer.h"

namespace reprise {

// Both over the ranks that share the buffer.
struct NilOptions {
  int64_t batch_size = 64;  // B, the configured one
  int64_t candidates = 20;  // C, per step
};

// `buffer` is class-balanced. Reports: class_weight by class, and what
// agents/rehearsal.h says of the buffer.
std::unique_ptr<Agent> MakeNilAgent(const NilOptions& options,
                                    std::unique_ptr<RehearsalBuffer> buffer);

}  // namespace reprise

#endif  // REPRISE_AGENTS_NIL_NIL_AGENT_H_
