// ER: rehearsal from a reservoir (Chaudhry, Rohrbach, Elhoseiny, Ajanthan,
// Dokania, Torr, Ranzato, "On Tiny Episodic Memories in Continual Learning",
// 2019, Algorithm 1 with reservoir sampling). A step:
//   1. min(R, stored) representatives, drawn uniformly without replacement,
//      join the minibatch. All samples have weight 1.
//   2. Cross-entropy with the softmax over all classes, mean over the
//      minibatch and all ranks.
//   3. After the optimizer step every incoming sample is offered to the
//      reservoir (core/buffer/reservoir_buffer.h).
// Deviation: the paper takes each sample once (one epoch); over several epochs
// a sample is offered once an epoch and may be stored more than once.
// The reservoir is local to the rank; all of it is keyed by (seed, task, step,
// rank).
#ifndef REPRISE_AGENTS_ER_ER_AGENT_H_
#define REPRISE_AGENTS_ER_ER_AGENT_H_

#include <cstdint>
#include <memory>

#include "agents/agent.h"

namespace reprise {

struct ErOptions {
  int64_t num_classes = 10;
  int64_t row_bytes = 0;
  // N; the rank's reservoir holds N num_classes samples of any class.
  int64_t representatives_per_class = 6000;
  int64_t representatives = 20;  // R, per step, on this rank
  uint64_t seed = 42;
  int rank = 0;
};

// Reports: class_count, stored and unique by class; buffer_bytes.
std::unique_ptr<Agent> MakeErAgent(const ErOptions& options);

}  // namespace reprise

#endif  // REPRISE_AGENTS_ER_ER_AGENT_H_
