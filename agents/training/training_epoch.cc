#include "agents/training/training_epoch.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "agents/training/local_failure.h"
#include "agents/training/replica_check.h"
#include "agents/training/statistics_merge.h"
#include "core/base/run_position.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/metrics/meters.h"
#include "core/tensor/torch_status.h"

namespace reprise {

ShardedSampler MakeSampler(const TrainingOptions& options,
                           const Communicator& communicator, int64_t samples) {
  ShardedSamplerOptions of_epoch;
  of_epoch.seed = options.seed;
  of_epoch.samples = samples;
  of_epoch.global_batch_size = options.global_batch_size;
  of_epoch.rank = communicator.rank();
  of_epoch.world_size = communicator.world_size();
  of_epoch.shard = options.shard;
  return ShardedSampler(of_epoch);
}

int64_t StepsPerEpoch(const TrainingOptions& options,
                      const Communicator& communicator, int64_t samples) {
  const int64_t steps =
      MakeSampler(options, communicator, samples).steps_per_epoch();
  return options.max_steps_per_epoch > 0
             ? std::min(steps, options.max_steps_per_epoch)
             : steps;
}

TrainingEpoch::TrainingEpoch(const TrainingParts& parts, GradientStep& step,
                             PhaseTimer& timer, RunState& state,
                             int64_t steps_of_run)
    : parts_(parts),
      options_(parts.options),
      communicator_(parts.communicator),
      step_(step),
      timer_(timer),
      state_(state),
      steps_of_run_(steps_of_run) {}

absl::StatusOr<bool> TrainingEpoch::Next() {
  if (!sampler_.has_value()) Begin();
  if (state_.step < steps_) {
    REPRISE_RETURN_IF_ERROR(TrainStep());
    return false;
  }
  REPRISE_RETURN_IF_ERROR(End());
  return true;
}

void TrainingEpoch::Begin() {
  const int64_t rows = static_cast<int64_t>(state_.rows.size());
  sampler_ = MakeSampler(options_, communicator_, rows);
  sampler_->StartEpoch(state_.task, state_.epoch);
  steps_ = StepsPerEpoch(options_, communicator_, rows);
  if (state_.step > 0) return;  // begun by another object
  state_.phase_seconds_before_epoch = state_.PhaseSecondsNow(timer_);
  state_.epoch_time.Restart();
  state_.meter.Restart();
  state_.reduction = ReductionTimes{};
}

OptimizerOptions TrainingEpoch::OptimizerAt(int64_t step) const {
  return options_.regime.At({state_.epoch, step, steps_, options_.epochs});
}

absl::Status TrainingEpoch::TrainStep() {
  LocalFailure& failure = step_.failure();
  const int64_t step = state_.step;
  SetRunStep(state_.task + 1, state_.epoch + 1, step + 1);
  const std::string place = absl::StrCat("step ", step + 1);
  const absl::Status done = CatchTorch(
      "training", [&] { return UpdateParameters(OptimizerAt(step)); });
  // What has caused a failure may be known to the device only; if it answers.
  if (!done.ok())
    REPRISE_RETURN_IF_ERROR(CollectMeter(step, absl::IsOutOfRange));
  REPRISE_RETURN_IF_ERROR(failure.CauseOf(Annotate(done, place)));
  if (step % options_.log_interval == 0 || step + 1 == steps_) {
    REPRISE_RETURN_IF_ERROR(CollectMeter(step));
    REPRISE_RETURN_IF_ERROR(Annotate(failure.Keep(step, ReportStep()), place));
  }
  const int64_t interval = options_.parameter_check_interval;
  if (step + 1 < steps_ && step % interval == interval - 1) {
    REPRISE_RETURN_IF_ERROR(failure.CauseOf(CheckParametersAgree(
        parts_.model, state_.steps_of_run, communicator_)));
  }
  ++state_.step;
  return absl::OkStatus();
}

// Brings the meter to the host. A failure that it shows is kept as one of the
// step that it was in.
absl::Status TrainingEpoch::CollectMeter(
    int64_t step, const std::function<bool(const absl::Status&)>& counts) {
  const absl::Status status = CatchTorch(
      "losses", [&] { return state_.meter.Collect(&meter_, &step); });
  if (counts != nullptr && !counts(status)) return absl::OkStatus();
  return Annotate(step_.failure().Keep(step, status),
                  absl::StrCat("step ", step + 1));
}

absl::Status TrainingEpoch::UpdateParameters(
    const OptimizerOptions& optimizer) {
  timer_.Enter(Phase::kLoad);
  Batch batch = MakeBatch();
  timer_.Enter(Phase::kRehearsalWait);
  REPRISE_RETURN_IF_ERROR(parts_.agent.AugmentBatch(batch));
  REPRISE_RETURN_IF_ERROR(
      step_.Run(batch, optimizer, &state_.meter, &state_.reduction));
  timer_.Enter(Phase::kBufferUpdate);
  // An exception may have left half of what ranks share: it is not kept.
  REPRISE_RETURN_IF_ERROR(
      step_.failure().Keep(state_.step, parts_.agent.OnStepEnd(batch)));
  timer_.Enter(Phase::kOther);
  ++state_.step_of_task;
  ++state_.steps_of_run;
  return absl::OkStatus();
}

Batch TrainingEpoch::MakeBatch() const {
  const LocalSamples local = sampler_->LocalBatch(state_.step);
  Batch batch;
  batch.task = state_.task;
  batch.step_of_task = state_.step_of_task;
  batch.epoch = state_.epoch;
  batch.step_of_epoch = state_.step;
  batch.incoming = static_cast<int64_t>(local.indices.size());
  batch.global_incoming = local.of_all_ranks;
  batch.global_batch_size = options_.global_batch_size;
  batch.first_appended_position =
      options_.global_batch_size + SliceBegin(options_.global_representatives,
                                              communicator_.rank(),
                                              communicator_.world_size());
  for (int64_t i = 0; i < batch.incoming; ++i) {
    batch.Append(parts_.data.train->At(state_.rows[local.indices[i]]), 1.0f,
                 local.positions[i]);
  }
  return batch;
}

absl::Status TrainingEpoch::ReportStep() {
  StepRecord record;
  record.task = state_.task;
  record.epoch = state_.epoch;
  record.step = state_.step;
  record.steps_in_epoch = steps_;
  record.global_step = state_.steps_of_run;
  // This rank's part of the epoch so far: totals over ranks are exchanged at
  // the end of the epoch.
  TrainEpochRecord so_far;
  meter_.Fill(&so_far);
  record.loss_so_far = so_far.loss;
  record.accuracy_so_far = so_far.top1;
  ThroughputMeter throughput;
  throughput.Add(so_far.incoming_samples * communicator_.world_size(),
                 state_.epoch_time.Seconds());
  record.images_per_second = throughput.ImagesPerSecond();
  record.learning_rate = OptimizerAt(state_.step).lr;
  record.run_fraction =
      std::min(1.0, static_cast<double>(state_.steps_of_run) / steps_of_run_);
  return parts_.sink.OnStep(record);
}

absl::Status TrainingEpoch::End() {
  timer_.Enter(Phase::kOther);
  SetRunStep(state_.task + 1, state_.epoch + 1, /*step=*/0);
  // What came after the last step's sum.
  REPRISE_RETURN_IF_ERROR(Settle());
  REPRISE_RETURN_IF_ERROR(
      MergeRunningStatistics(parts_.model.running_statistics(), communicator_,
                             &state_.merged_batches));
  REPRISE_RETURN_IF_ERROR(CheckReplicas());
  REPRISE_RETURN_IF_ERROR(ReportEpoch());
  sampler_ = std::nullopt;
  state_.step = 0;
  ++state_.epoch;
  return absl::OkStatus();
}

absl::Status TrainingEpoch::Settle() {
  REPRISE_RETURN_IF_ERROR(CollectMeter(state_.step - 1));
  return step_.failure().Agree();
}

absl::Status TrainingEpoch::CheckReplicas() {
  REPRISE_RETURN_IF_ERROR(
      CheckParametersAgree(parts_.model, state_.steps_of_run, communicator_));
  REPRISE_RETURN_IF_ERROR(
      CheckStatisticsAgree(parts_.model, state_.steps_of_run, communicator_));
  if (parts_.model.parameters().AllFinite()) return absl::OkStatus();
  // The same on all ranks, as was just found.
  return MarkAgreed(absl::OutOfRangeError(
      "the parameters are not finite at the end of the epoch; lower --lr "
      "or start from other parameters (--seed)"));
}

absl::Status TrainingEpoch::ReportEpoch() {
  const double seconds = state_.epoch_time.Seconds();
  TrainMeter total = meter_;
  REPRISE_RETURN_IF_ERROR(
      SumOverRanks(total.sums().data(), TrainMeter::kNumSums, DType::kFloat64));
  REPRISE_RETURN_IF_ERROR(SumOverRanks(total.counts().data(),
                                       TrainMeter::kNumCounts, DType::kInt64));
  ReductionTimes times = state_.reduction;
  static_assert(sizeof(times) == 2 * sizeof(double));
  REPRISE_RETURN_IF_ERROR(
      SumOverRanks(&times.overlapped_seconds, 2, DType::kFloat64));
  state_.run_reduction.overlapped_seconds += times.overlapped_seconds;
  state_.run_reduction.busy_seconds += times.busy_seconds;
  TrainEpochRecord record;
  total.Fill(&record);
  state_.training_seconds += seconds;
  state_.incoming_samples += record.incoming_samples;
  record.task = state_.task;
  record.epoch = state_.epoch;
  record.epoch_of_run = state_.task * options_.epochs + state_.epoch;
  record.steps_of_run = state_.steps_of_run;
  record.steps = steps_;
  record.seconds = seconds;
  record.learning_rate =
      (steps_ > 0 ? OptimizerAt(steps_ - 1) : OptimizerOptions{}).lr;
  record.world_size = communicator_.world_size();
  record.phase_seconds = Difference(state_.PhaseSecondsNow(timer_),
                                    state_.phase_seconds_before_epoch);
  record.overlap_share = times.OverlapShare();
  return AgreeOnStatus(communicator_, parts_.sink.OnTrainEpoch(record));
}

absl::Status TrainingEpoch::SumOverRanks(void* values, int64_t count,
                                         DType dtype) {
  return communicator_.AllReduce(values, count, dtype, ReduceOp::kSum)->Wait();
}

}  // namespace reprise
