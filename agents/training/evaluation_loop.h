// The one evaluation loop. Exact at any number of ranks: contiguous unpadded
// shards, every test sample counted once, integer counts summed. Changes no
// state: no dropout, no random numbers, no buffer.
#ifndef REPRISE_AGENTS_TRAINING_EVALUATION_LOOP_H_
#define REPRISE_AGENTS_TRAINING_EVALUATION_LOOP_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "agents/training/batch_input.h"
#include "core/comm/communicator.h"
#include "core/metrics/metric_sink.h"
#include "data/dataset.h"
#include "models/model.h"

namespace reprise {

struct HeadResult {
  std::string head;
  // False where the head cannot answer yet; the counts are then 0.
  bool answered = false;
  int64_t top1 = 0, top5 = 0;  // correct samples, all ranks
  // Sum of the samples' cross-entropy, all ranks; only for heads whose scores
  // are logits.
  std::optional<double> loss_sum;
  // All ranks; where they were asked for and the head answers.
  std::optional<ConfusionCounts> confusion;
};

struct EvaluationOptions {
  int64_t batch_size = 64;  // at most
  // Whether to count which class is taken for which.
  bool confusion = false;
};

struct EvaluationResult {
  std::vector<HeadResult> heads;  // in the order of the classifiers
  int64_t samples = 0;            // all ranks
  int64_t steps = 0;              // batches on this rank
};

// Collective: evaluates all `classifiers` on rows `indices` of `dataset` with
// one forward pass per batch. Two sums over ranks, whatever is counted.
absl::StatusOr<EvaluationResult> Evaluate(
    Model& model, const std::vector<Classifier>& classifiers,
    const BatchInput& input, const Dataset& dataset,
    const std::vector<int64_t>& indices, const EvaluationOptions& options,
    Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_EVALUATION_LOOP_H_
