#include "tests/integration/failing_training.h"

#include <limits>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "tests/integration/small_run.h"

namespace reprise {

FailedTraining TrainWithFault(absl::string_view fault,
                              Communicator& communicator) {
  FailedTraining result;
  const bool last = communicator.rank() == communicator.world_size() - 1;
  SmallRun run;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, 96)};
  run.training.global_batch_size = 16;
  run.training.epochs = 3;
  run.training.evaluate = false;
  if (fault == "diverge") {
    run.training.regime = Regime(OptimizerOptions{1e30, 0, 0});
  }
  if (fault == "sink" && last) {
    run.record_failure = StorageError("cannot append to metrics.jsonl");
  }
  run.prepare = [&](ObservedAgent& agent, Model&, int) {
    if (!last) return;
    if (fault == "nan") {
      agent.after_loss = [&](const Batch& batch, LossResult& loss) {
        if (batch.step_of_task != 6 + 2) return;
        loss.losses[0] = std::numeric_limits<double>::quiet_NaN();
        loss.losses[2] = std::numeric_limits<double>::infinity();
        result.rows =
            absl::StrCat(batch.samples[0].id, ", ", batch.samples[2].id);
      };
    } else if (fault == "throw") {
      agent.after_loss = [](const Batch& batch, LossResult&) {
        if (batch.step_of_task == 1) {
          throw std::runtime_error("no memory\nstack of LibTorch");
        }
      };
    }
  };
  result.status = RunOnRanks(run, communicator).status;
  return result;
}

}  // namespace reprise
