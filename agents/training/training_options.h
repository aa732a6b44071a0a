// What the training loop is told: sizes, order, reduction, evaluation, reports.
#ifndef REPRISE_AGENTS_TRAINING_TRAINING_OPTIONS_H_
#define REPRISE_AGENTS_TRAINING_TRAINING_OPTIONS_H_

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "agents/regime/regime.h"
#include "core/base/phase.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/gradient_reducer.h"

namespace reprise {

struct TrainingOptions {
  int64_t epochs = 10;             // per task
  int64_t global_batch_size = 64;  // incoming samples of a step, all ranks
  // A rank's batch goes through forward and backward in so many parts, one
  // after the other, to bound memory: the step is the same but for rounding and
  // for batch normalisation, whose statistics are those of a part. UsageError
  // where the agent's loss does not split.
  int64_t parts_per_step = 1;
  // Samples that agents append to a step at most, all ranks (W R).
  int64_t global_representatives = 0;
  int64_t max_steps_per_epoch = 0;  // 0: the whole epoch
  int64_t eval_batch_size = 64;
  bool evaluate = true;
  bool reset_at_each_task = false;  // to the initial parameters
  // At the start of each task but the first, back to the network that had the
  // lowest test loss after an epoch of the task before, as the research code
  // did: it selects on test data.
  bool select_on_test_loss = false;
  // Random crops and flips of training images (core/tensor/augmentation.h).
  bool augment = false;
  bool shard = false;  // each rank keeps its part of the task's samples
  Regime regime{OptimizerOptions{}};
  uint64_t seed = 42;
  int64_t log_interval = 10;  // steps between step reports
  int64_t first_bucket_bytes = int64_t{64} << 10;
  int64_t bucket_bytes = int64_t{4} << 20;
  GradientReducer::Compression compression =
      GradientReducer::Compression::kNone;
  double gradient_predivide_factor = 1;
  // Batch normalisation with the statistics of all ranks' minibatches (of a
  // part of the step). The reduction then follows backward.
  bool sync_batch_norm = false;
  // Combine the ranks' weighted mean gradients by Adasum
  // (core/comm/gradients/adasum.h) in place of their exact mean.
  bool use_adasum = false;
  // Steps between comparisons of the parameters over ranks (also at the end of
  // every epoch); a difference ends the run and names rank and parameter.
  int64_t parameter_check_interval = 100;
  // Collectives on the memory of the model's device, between the same ranks:
  // gradients there are summed where they are, behind backward. nullptr, and
  // for Adasum: of gradients that are not in host memory a copy there is
  // combined, after backward.
  Communicator* device_communicator = nullptr;
  // Called, where set, for each time that the training thread spends in a
  // phase.
  std::function<void(Phase phase, absl::Time begin, absl::Time end)> on_phase;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_TRAINING_OPTIONS_H_
