// ER: rehearsal from a reservoir (Chaudhry, Rohrbach, Elhoseiny, Ajanthan,
// Dokania, Torr, Ranzato, "On Tiny Episodic Memories in Continual Learning",
// 2019, Algorithm 1 with reservoir sampling). A step:
//   1. min(R, stored) representatives, drawn uniformly without replacement,
//      join the minibatch. All samples have weight 1.
//   2. Cross-entropy with the softmax over all classes, mean over the
//      minibatch and all ranks.
//   3. After the optimizer step every incoming sample is offered to the
//      reservoir (core/buffer/slot_directory.h).
// Deviation: the paper takes each sample once (one epoch); over several epochs
// a sample is offered once an epoch and may be stored more than once.
// The reservoir is one over all ranks or one for each: core/buffer/
// rehearsal_buffer.h.
#ifndef REPRISE_AGENTS_ER_ER_AGENT_H_
#define REPRISE_AGENTS_ER_ER_AGENT_H_

#include <memory>

#include "agents/agent.h"
#include "core/buffer/rehearsal_buffer.h"

namespace reprise {

// `buffer` is a reservoir that is offered every incoming sample. Reports what
// agents/rehearsal.h says of it.
std::unique_ptr<Agent> MakeErAgent(std::unique_ptr<RehearsalBuffer> buffer);

}  // namespace reprise

#endif  // REPRISE_AGENTS_ER_ER_AGENT_H_
