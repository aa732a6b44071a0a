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
// The buffer is local to the rank; all of it is keyed by (seed, task, step,
// rank).
#ifndef REPRISE_AGENTS_NIL_NIL_AGENT_H_
#define REPRISE_AGENTS_NIL_NIL_AGENT_H_

#include <cstdint>
#include <memory>

#include "agents/agent.h"

namespace reprise {

struct NilOptions {
  int64_t num_classes = 10;
  int64_t row_bytes = 0;
  int64_t representatives_per_class = 6000;  // N, per class and rank
  int64_t candidates = 20;                   // C, per step, on this rank
  int64_t representatives = 20;              // R, per step, on this rank
  int64_t batch_size = 64;                   // B, the configured local batch
  uint64_t seed = 42;
  int rank = 0;
};

// Reports: class_weight, class_count, stored and unique by class;
// buffer_bytes.
std::unique_ptr<Agent> MakeNilAgent(const NilOptions& options);

}  // namespace reprise

#endif  // REPRISE_AGENTS_NIL_NIL_AGENT_H_
