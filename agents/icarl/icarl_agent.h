// iCaRL (Rebuffi, Kolesnikov, Sperl, Lampert, "iCaRL: Incremental Classifier
// and Representation Learning", CVPR 2017).
//
// Paper's variant:
//   - The exemplars of earlier classes join the epochs of a task (section 3.3).
//   - Loss: binary cross-entropy on sigmoid outputs, summed over the classes
//     seen, mean over the batch. New columns learn the labels; old columns only
//     the outputs of the network as it was when the task began, also for
//     exemplars of old classes (Algorithm 3). That network is in evaluation
//     mode and sees the same augmented input.
//   - At the end of a task m = min(floor(N * num_classes / seen), class size)
//     exemplars a class: greedy herding on L2-normalised features for the new
//     ones, a prefix of the herding order for the old ones (Algorithms 4, 5).
//   - Heads: `nme`, nearest mean of exemplars on normalised features
//     (Algorithm 1), primary; `logits`, the largest output among classes seen.
//     Within a task the means of its new classes come from all their training
//     data; before the first task ends nme does not answer.
// Deviations: the paper trains one network per growing head; here the head has
// all classes from the start and unseen ones take no part. A class that comes
// again (instance scenario, concatenated tasks) learns labels, those of its
// exemplars included, nothing is distilled into its column, and it is herded
// anew from the task's rows and its exemplars.
//
// Upstream's variant (`implementation: 'upstream'`), as the research code ran
// it, without its defects: cross-entropy of the incoming samples over all
// classes plus the divergence of the softmax outputs from the former network's
// on C exemplars a step, taken from a permutation per epoch; exemplars are the
// m nearest to the class mean among the rank's own rows; nearest mean on
// features as they are. A step's objective is the mean over the incoming plus
// the mean over the exemplars, so a sample's loss counts (B + C) / B or
// (B + C) / C times.
//
// Exemplars are rows of the training set, equal on all ranks; features and
// means are global and do not depend on the number of ranks. Nothing is sent
// but features (agents/training/feature_extraction.h).
#ifndef REPRISE_AGENTS_ICARL_ICARL_AGENT_H_
#define REPRISE_AGENTS_ICARL_ICARL_AGENT_H_

#include <cstdint>
#include <memory>

#include "agents/agent.h"

namespace reprise {

struct IcarlOptions {
  int64_t num_classes = 10;
  int64_t representatives_per_class = 6000;  // N; the budget is N num_classes
};

// Reports: exemplars by class.
std::unique_ptr<Agent> MakeIcarlAgent(const IcarlOptions& options);

struct UpstreamIcarlOptions {
  int64_t num_classes = 10;
  int64_t representatives_per_class = 6000;  // N; of this rank
  int64_t exemplars_per_step = 20;           // C, on this rank
  uint64_t seed = 42;
  int rank = 0;
  int world_size = 1;
};

// Reports: exemplars by class, of this rank.
std::unique_ptr<Agent> MakeUpstreamIcarlAgent(
    const UpstreamIcarlOptions& options);

}  // namespace reprise

#endif  // REPRISE_AGENTS_ICARL_ICARL_AGENT_H_
