// A continual-learning method: five hooks called by the one training loop, and
// named heads for inference. Methods get values, never the loop; the loop owns
// order, devices, timers, forward, backward, reduction, optimizer and
// evaluation.
//
// Every hook runs on the training thread of its rank, in the order of the run:
//   OnTaskStart, then per step AugmentBatch, Loss, OnStepEnd, then OnTaskEnd.
// The last evaluation of a task comes after its OnTaskEnd.
// A failing Status ends the run on all ranks with that message.
#ifndef REPRISE_AGENTS_AGENT_H_
#define REPRISE_AGENTS_AGENT_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "agents/batch.h"
#include "core/base/sample.h"
#include "core/base/state.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "models/model.h"

namespace reprise {

// A view of the task, its data and the network.
struct TaskContext {
  int64_t task = 0;
  const TaskSpec& spec;
  const Dataset& train;
  // Collective: the present network's features of training rows, in evaluation
  // mode, not augmented: [rows, D] fp32 in host memory, the same on all ranks
  // and for any number of them.
  std::function<absl::StatusOr<at::Tensor>(const std::vector<int64_t>& rows)>
      features;
  // A copy of the present network that training leaves alone.
  std::function<std::unique_ptr<Model>()> snapshot;
};

struct TaskPlan {
  // Rows that join this task's epochs beside its own (iCaRL's exemplars);
  // indices into the training set.
  std::vector<int64_t> extra_training_indices;
};

// What a loss yields for n samples and K classes, on the logits' device: what
// is computed there stays there, and nothing waits for it.
struct LossResult {
  // [n, K] of the logits' type: d(sum_i w_i l_i)/d logits. The loop's to
  // change.
  at::Tensor logits_gradient;
  at::Tensor losses;  // [n] kDouble: l_i, before weighting
  // [n] kDouble where the objective is sum_i w_i f_i l_i, which the gradient
  // then is of; undefined: all 1.
  at::Tensor objective_factors;
};

// An inference head. Scores are [n, K], the predicted class has the largest.
struct Classifier {
  std::string name;
  // nullopt while the head cannot answer (no class means yet).
  std::function<std::optional<at::Tensor>(const ModelOutput&)> scores;
  // Whether the mean cross-entropy of the scores is a meaningful loss.
  bool scores_are_logits = false;
};

// argmax of the logits.
Classifier LogitsClassifier();

class Agent {
 public:
  virtual ~Agent() = default;
  virtual std::string name() const = 0;

  virtual absl::StatusOr<TaskPlan> OnTaskStart(const TaskContext&) {
    return TaskPlan{};
  }
  // Appends representatives to the incoming samples.
  virtual absl::Status AugmentBatch(Batch&) { return absl::OkStatus(); }
  // batch.input is what the network saw. Called once for each part where a
  // step's batch is trained on in parts; of no samples, where batch
  // normalisation is over all ranks.
  virtual absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                          const Batch& batch) = 0;
  // Whether the losses of a batch's samples and their gradients are the same in
  // any part of it. If not, a step cannot be split in parts.
  virtual bool loss_splits() const { return true; }
  // After the optimizer step. Other ranks learn of a Status that is not OK in
  // the next step, in which this one takes part: what ranks share must be as
  // after success. An exception aborts the job.
  virtual absl::Status OnStepEnd(const Batch&) { return absl::OkStatus(); }
  virtual absl::Status OnTaskEnd(const TaskContext&) {
    return absl::OkStatus();
  }

  // Before each evaluation; may be collective. The first one is primary.
  virtual absl::StatusOr<std::vector<Classifier>> Classifiers(
      const TaskContext&) {
    return std::vector<Classifier>{LogitsClassifier()};
  }
  // All that the hooks above have left behind, for a run to go on from between
  // two steps or two hooks: on every rank at the same place. Loaded into an
  // agent of the same options, in place of every hook before that place;
  // `context` is of the task that the run is in, and its snapshot() a network
  // to fill. Errors as core/base/state.h.
  virtual absl::Status SaveState(const StateWriter&) {
    return absl::OkStatus();
  }
  virtual absl::Status LoadState(const StateReader&, const TaskContext&) {
    return absl::OkStatus();
  }

  // The method's own numbers, at the end of a task.
  virtual AgentReport Report() const { return {}; }
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_AGENT_H_
