#include "tests/integration/failing_training.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>

#include "absl/strings/str_cat.h"
#include "agents/regime/regime.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "tests/integration/small_run.h"

namespace reprise {
namespace {

constexpr int64_t kSteps = 6;
constexpr int64_t kEpochs = 3;

SmallRun RunInWay(absl::string_view way) {
  SmallRun run;
  run.method = Method::kNil;
  run.buffer =
      way == "sync" ? BufferKind::kShared : BufferKind::kSharedAsynchronous;
  const int64_t batch = way == "single" ? 1 : 16;
  run.tasks = {SmallTask({0, 1, 2, 3, 4}, kSteps * batch)};
  run.training.global_batch_size = batch;
  run.training.epochs = kEpochs;
  run.training.log_interval = 2;
  // Ranks of "single" without a sample get none from the buffer either.
  run.training.global_representatives = way == "single" ? 0 : 8;
  run.global_candidates = std::max<int64_t>(1, batch / 4);
  run.training.parts_per_step = way == "parts" ? 2 : 1;
  run.training.use_adasum = way == "adasum";
  if (way == "fp16") {
    run.training.compression = GradientReducer::Compression::kFloat16;
  }
  // Several buckets, most of which have gone when the last gradients come.
  run.training.first_bucket_bytes = 1 << 10;
  run.training.bucket_bytes = 16 << 10;
  return run;
}

void MakeNotFinite(const Batch& batch, LossResult& loss, std::string& rows) {
  loss.losses[0].fill_(std::numeric_limits<double>::quiet_NaN());
  loss.losses[-1].fill_(std::numeric_limits<double>::infinity());
  rows = absl::StrCat(batch.samples.front().id);
  if (batch.size() > 1) absl::StrAppend(&rows, ", ", batch.samples.back().id);
}

void Throw() { throw std::runtime_error("no memory\nstack of LibTorch"); }

// Answers of a sink that cannot append the one record.
std::function<absl::Status(absl::string_view)> SinkWithFault(
    absl::string_view fault) {
  return [=, steps = 0](absl::string_view record) mutable {
    // Of every second step.
    steps += record == "OnStep" ? 1 : 0;
    const bool now = (fault == "step_record" && steps == 2) ||
                     (fault == "sink" && record == "OnTrainEpoch") ||
                     (fault == "test_record" && record == "OnTest") ||
                     (fault == "task_record" && record == "OnTaskEnd") ||
                     (fault == "run_record" && record == "OnRunEnd");
    return now ? StorageError("cannot append to metrics.jsonl")
               : absl::OkStatus();
  };
}

}  // namespace

const std::vector<Fault>& Faults() {
  constexpr ExitCode kInternal = ExitCode::kInternal;
  constexpr ExitCode kStorage = ExitCode::kStorage;
  static const std::vector<Fault>& faults = *new std::vector<Fault>{
      {"nan", "task 1: epoch 2: ", "step 3: the loss is not finite for ",
       kInternal, 8},
      {"nan_at_the_end", "task 1: epoch 3: ",
       "step 6: the loss is not finite for ", kInternal, 17},
      {"throw", "task 1: epoch 1: ", "step 2: training step: no memory",
       kInternal, 1},
      {"backward", "task 1: epoch 1: ", "step 2: training step: no memory",
       kInternal, 1},
      {"step_end", "task 1: epoch 1: ", "step 4: the lid is closed", kStorage,
       4},
      {"epoch_end", "task 1: epoch 1: ", "step 6: the lid is closed", kStorage,
       6},
      {"step_record", "task 1: epoch 1: ", "step 3: cannot append", kStorage,
       3},
      {"sink", "task 1: epoch 1: ", "cannot append", kStorage, 6},
      {"test_record", "task 1: ", "cannot append", kStorage, 0},
      {"task_record", "task 1: ", "cannot append", kStorage, 18},
      {"run_record", "", "cannot append", kStorage, 18},
      {"two", "task 1: epoch 1: ", "step 5: training step: no memory",
       kInternal, 4},
  };
  return faults;
}

FailedTraining TrainWithFault(absl::string_view fault, absl::string_view way,
                              Communicator& communicator) {
  FailedTraining result;
  const bool in_loss = fault == "nan" || fault == "nan_at_the_end" ||
                       fault == "throw" || fault == "backward";
  const int last = communicator.world_size() - 1;
  result.failing_rank =
      fault == "two" || (in_loss && way == "single") ? 0 : last;
  const bool fails = communicator.rank() == result.failing_rank;
  SmallRun run = RunInWay(way);
  run.training.evaluate = fault == "test_record";
  if (fault == "diverge") {
    run.training.regime = Regime(OptimizerOptions{1e30, 0, 0});
  }
  if (fails) run.answer = SinkWithFault(fault);
  run.prepare = [&](ObservedAgent& agent, Model& model, int rank) {
    int lid = 0;  // the step whose end fails
    if (fails && fault == "step_end") lid = 4;
    if (fails && fault == "epoch_end") lid = kSteps;
    if (fault == "two" && rank == last && last > 0) lid = 4;
    const bool throws = fails && fault == "half_step_end";
    agent.before = [&result, lid, throws](absl::string_view hook) {
      if (hook != "OnStepEnd") return absl::OkStatus();
      if (throws && result.steps == 3) Throw();
      return ++result.steps == lid ? StorageError("the lid is closed")
                                   : absl::OkStatus();
    };
    if (!fails) return;
    const auto fails_at = [&](int64_t step) {
      agent.after_loss = [&, step](const Batch& batch, LossResult& loss) {
        if (batch.step_of_task == step) MakeNotFinite(batch, loss, result.rows);
      };
    };
    if (fault == "nan") fails_at(kSteps + 2);
    if (fault == "nan_at_the_end") fails_at(kEpochs * kSteps - 1);
    if (fault == "throw" || fault == "two") {
      agent.after_loss = [&](const Batch& batch, LossResult&) {
        if (batch.step_of_task == (fault == "two" ? 4 : 1)) Throw();
      };
    }
    if (fault == "backward") {
      const auto step = std::make_shared<int64_t>(0);
      agent.after_loss = [step](const Batch& batch, LossResult&) {
        *step = batch.step_of_task;
      };
      model.parameters().leaf(0).register_hook([step](const at::Tensor&) {
        if (*step == 1) Throw();
      });
    }
  };
  result.status = RunOnRanks(run, communicator).status;
  return result;
}

std::string ExpectedMessage(const Fault& fault, int failing_rank,
                            int world_size) {
  return absl::StrCat(
      fault.place,
      world_size > 1 ? absl::StrCat("rank ", failing_rank, ": ") : "",
      fault.text);
}

}  // namespace reprise
