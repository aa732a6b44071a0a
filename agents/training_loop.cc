#include "agents/training_loop.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "agents/batch_input.h"
#include "agents/evaluation_loop.h"
#include "agents/feature_extraction.h"
#include "agents/phase_clock.h"
#include "agents/phase_timer.h"
#include "core/base/run_position.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/gradients/adasum.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/device/tensor_gradients.h"
#include "core/metrics/meters.h"
#include "core/tensor/augmentation.h"
#include "core/tensor/batch_norm_merge.h"
#include "core/tensor/optimizer.h"
#include "core/tensor/torch_dtype.h"
#include "core/tensor/torch_status.h"
#include "core/tensor/weighted_cross_entropy.h"
#include "data/sharded_sampler.h"
#include "xxhash.h"

namespace reprise {
namespace {

// Of the reduction of an epoch's steps; summed over ranks as an array.
struct ReductionTimes {
  double overlapped_seconds = 0;  // hidden by backward
  double busy_seconds = 0;

  double OverlapShare() const {
    return busy_seconds > 0 ? overlapped_seconds / busy_seconds : 0;
  }
};

uint64_t DigestOf(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU).contiguous();
  return XXH64(host.data_ptr(), host.nbytes(), /*seed=*/0);
}

class TrainingRun {
 public:
  TrainingRun(const TrainingOptions& options, const DatasetPair& data,
              const std::vector<TaskSpec>& tasks, Model& model, Agent& agent,
              Communicator& communicator, MetricSink& sink)
      : options_(options),
        data_(data),
        tasks_(tasks),
        model_(model),
        parameters_(model.parameters()),
        optimizer_(parameters_.master()),
        agent_(agent),
        communicator_(communicator),
        sink_(sink),
        input_(data.train->format),
        timer_(MakePhaseClock(parameters_.device())),
        gradient_scale_(1.0 / (options.global_batch_size +
                               options.global_representatives)) {}

  absl::Status Run() {
    if (options_.parts_per_step > 1 && !agent_.loss_splits()) {
      return MarkAgreed(UsageError(absl::StrCat(
          "agent ", agent_.name(),
          " averages over a whole batch: a step cannot be split in parts")));
    }
    REPRISE_RETURN_IF_ERROR(BroadcastParameters());
    if (options_.reset_at_each_task) {
      initial_parameters_ = parameters_.master().clone();
    }
    // Where they cannot be summed where they are, gradients are staged.
    const at::Tensor& gradients = parameters_.gradients_with_weight_sum();
    const bool on_device =
        options_.device_communicator != nullptr && !options_.use_adasum;
    reduced_ = gradients;
    if (!gradients.is_cpu() && communicator_.world_size() > 1 && !on_device) {
      reduced_ = gradients.to(at::kCPU);
    }
    const DType dtype = DTypeOf(parameters_.master().scalar_type());
    REPRISE_ASSIGN_OR_RETURN(
        reducer_,
        GradientReducer::Create(
            on_device ? *options_.device_communicator : communicator_,
            parameters_.layout(),
            on_device ? MakeTensorGradients(reduced_)
                      : MakeHostGradients(reduced_.data_ptr(), dtype),
            {options_.first_bucket_bytes, options_.bucket_bytes,
             options_.compression, options_.gradient_predivide_factor}));
    if (options_.use_adasum && communicator_.world_size() > 1) {
      adasum_ = std::make_unique<Adasum>(communicator_, parameters_.layout(),
                                         ReducedGradients().data_ptr(), dtype);
    }
    synchronises_ = options_.sync_batch_norm &&
                    communicator_.world_size() > 1 &&
                    !model_.running_statistics().empty();
    if (synchronises_) {
      model_.running_statistics().set_sum_over_ranks([this](at::Tensor& sums) {
        synchronised_ =
            SumOverRanks(sums.data_ptr(), sums.numel(), DType::kFloat64);
        if (!synchronised_.ok()) {
          throw std::runtime_error(std::string(synchronised_.message()));
        }
      });
    } else if (adasum_ == nullptr && !IsStaged()) {
      parameters_.SetGradientReadyCallback([this](int64_t i) {
        if (is_last_part_) reducer_->MarkReady(i);
      });
    }
    CountSteps();
    timer_.observer = options_.on_phase;
    const absl::Time start = absl::Now();
    for (size_t t = 0; t < tasks_.size(); ++t) {
      REPRISE_RETURN_IF_ERROR(Annotate(RunTask(static_cast<int64_t>(t)),
                                       absl::StrCat("task ", t + 1)));
    }
    RunEnd end;
    end.seconds = absl::ToDoubleSeconds(absl::Now() - start);
    end.phase_seconds = timer_.Seconds();
    end.incoming_samples = incoming_samples_;
    end.training_seconds = training_seconds_;
    end.overlap_share = run_reduction_.OverlapShare();
    end.world_size = communicator_.world_size();
    return AgreeOnStatus(communicator_, sink_.OnRunEnd(end));
  }

 private:
  bool IsStaged() const {
    return !reduced_.is_same(parameters_.gradients_with_weight_sum());
  }

  at::Tensor ReducedGradients() const {
    return ParameterStore::WithoutWeightSum(reduced_);
  }

  absl::Status BroadcastParameters() {
    at::Tensor host = parameters_.master().to(at::kCPU).contiguous();
    REPRISE_RETURN_IF_ERROR(
        communicator_.Broadcast(host.data_ptr(), host.nbytes(), /*root=*/0)
            ->Wait());
    parameters_.master().copy_(host);
    parameters_.RefreshLeaves();
    return absl::OkStatus();
  }

  ShardedSampler SamplerFor(int64_t samples) const {
    ShardedSamplerOptions options;
    options.seed = options_.seed;
    options.samples = samples;
    options.global_batch_size = options_.global_batch_size;
    options.rank = communicator_.rank();
    options.world_size = communicator_.world_size();
    options.shard = options_.shard;
    return ShardedSampler(options);
  }

  int64_t StepsPerEpoch(const ShardedSampler& sampler) const {
    const int64_t steps = sampler.steps_per_epoch();
    return options_.max_steps_per_epoch > 0
               ? std::min(steps, options_.max_steps_per_epoch)
               : steps;
  }

  // For the progress report only: tasks' own samples, without an agent's extra.
  void CountSteps() {
    for (const TaskSpec& task : tasks_) {
      expected_steps_ += options_.epochs *
                         StepsPerEpoch(SamplerFor(task.train_indices.size()));
    }
  }

  // Collective, after a hook that may be collective. A rank that failed before
  // it came to TaskContext::features has agreed with the others there, where
  // they learnt of it; they must not ask again.
  absl::Status AgreeOnHook(const absl::Status& local) {
    if (IsAgreed(local)) return local;
    return AgreeOnStatus(communicator_, local);
  }

  absl::Status RunTask(int64_t t) {
    const absl::Time start = absl::Now();
    const TaskContext context{t, tasks_[t], *data_.train,
                              [this](const std::vector<int64_t>& rows) {
                                return ExtractFeatures(model_, input_,
                                                       *data_.train, rows,
                                                       communicator_);
                              },
                              [this] { return model_.Clone(); }};
    absl::StatusOr<TaskPlan> plan = agent_.OnTaskStart(context);
    REPRISE_RETURN_IF_ERROR(AgreeOnHook(plan.status()));
    if (options_.reset_at_each_task) {
      parameters_.master().copy_(initial_parameters_);
      parameters_.RefreshLeaves();
      model_.running_statistics().Reset();
      merged_batches_ = 0;
    } else if (best_ != nullptr) {
      parameters_.CopyFrom(best_->parameters());
      model_.running_statistics().CopyFrom(best_->running_statistics());
      merged_batches_ = model_.running_statistics().batches_tracked();
    }
    best_ = nullptr;
    optimizer_.Reset();
    step_of_task_ = 0;
    SetRunStep(t + 1, /*epoch=*/0, /*step=*/0);

    std::vector<int64_t> indices = tasks_[t].train_indices;
    indices.insert(indices.end(), plan->extra_training_indices.begin(),
                   plan->extra_training_indices.end());
    REPRISE_RETURN_IF_ERROR(EvaluateSeenTasks(context, /*epoch=*/0));
    for (int64_t epoch = 0; epoch < options_.epochs; ++epoch) {
      REPRISE_RETURN_IF_ERROR(Annotate(TrainEpoch(t, epoch, indices),
                                       absl::StrCat("epoch ", epoch + 1)));
      if (epoch + 1 == options_.epochs) {
        REPRISE_RETURN_IF_ERROR(AgreeOnHook(agent_.OnTaskEnd(context)));
      }
      REPRISE_RETURN_IF_ERROR(EvaluateSeenTasks(context, epoch + 1));
    }
    TaskRecord record;
    record.task = t;
    record.seconds = absl::ToDoubleSeconds(absl::Now() - start);
    record.agent = agent_.Report();
    return AgreeOnStatus(communicator_, sink_.OnTaskEnd(record));
  }

  absl::Status TrainEpoch(int64_t t, int64_t epoch,
                          const std::vector<int64_t>& indices) {
    ShardedSampler sampler = SamplerFor(indices.size());
    sampler.StartEpoch(t, epoch);
    const int64_t steps = StepsPerEpoch(sampler);
    const PhaseSeconds phases_before = timer_.Seconds();
    const absl::Time start = absl::Now();
    meter_ = TrainMeter();
    reduction_ = ReductionTimes{};
    OptimizerOptions optimizer;
    for (int64_t step = 0; step < steps; ++step) {
      SetRunStep(t + 1, epoch + 1, step + 1);
      optimizer = options_.regime.At({epoch, step, steps, options_.epochs});
      const std::string place = absl::StrCat("step ", step + 1);
      const absl::Status done = CatchTorch("training", [&] {
        return Step(t, epoch, step, indices, sampler.LocalBatch(step),
                    optimizer);
      });
      REPRISE_RETURN_IF_ERROR(CauseOf(Annotate(done, place)));
      if (step % options_.log_interval == 0 || step + 1 == steps) {
        REPRISE_RETURN_IF_ERROR(Annotate(
            Keep(step, ReportStep(t, epoch, step, steps, optimizer.lr, start)),
            place));
      }
      if (communicator_.world_size() > 1 && step + 1 < steps &&
          step % options_.parameter_check_interval ==
              options_.parameter_check_interval - 1) {
        REPRISE_RETURN_IF_ERROR(CauseOf(CheckParametersAgree()));
      }
    }
    timer_.Enter(Phase::kOther);
    SetRunStep(t + 1, epoch + 1, /*step=*/0);
    // What came after the last step's sum.
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, pending_));
    REPRISE_RETURN_IF_ERROR(MergeRunningStatistics());
    REPRISE_RETURN_IF_ERROR(CheckParametersAgree());
    REPRISE_RETURN_IF_ERROR(CheckStatisticsAgree());
    if (!parameters_.AllFinite()) {
      return MarkAgreed(absl::OutOfRangeError(
          "the parameters are not finite at the end of the epoch; lower --lr "
          "or start from other parameters (--seed)"));
    }

    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    TrainMeter total = meter_;
    REPRISE_RETURN_IF_ERROR(SumOverRanks(
        total.sums().data(), TrainMeter::kNumSums, DType::kFloat64));
    REPRISE_RETURN_IF_ERROR(SumOverRanks(
        total.counts().data(), TrainMeter::kNumCounts, DType::kInt64));
    ReductionTimes times = reduction_;
    static_assert(sizeof(times) == 2 * sizeof(double));
    REPRISE_RETURN_IF_ERROR(
        SumOverRanks(&times.overlapped_seconds, 2, DType::kFloat64));
    run_reduction_.overlapped_seconds += times.overlapped_seconds;
    run_reduction_.busy_seconds += times.busy_seconds;
    TrainEpochRecord record;
    total.Fill(&record);
    training_seconds_ += seconds;
    incoming_samples_ += record.incoming_samples;
    record.task = t;
    record.epoch = epoch;
    record.epoch_of_run = t * options_.epochs + epoch;
    record.steps_of_run = steps_of_run_;
    record.steps = steps;
    record.seconds = seconds;
    record.learning_rate = optimizer.lr;
    record.world_size = communicator_.world_size();
    record.phase_seconds = Difference(timer_.Seconds(), phases_before);
    record.overlap_share = times.OverlapShare();
    return AgreeOnStatus(communicator_, sink_.OnTrainEpoch(record));
  }

  absl::Status SumOverRanks(void* values, int64_t count, DType dtype) {
    return communicator_.AllReduce(values, count, dtype, ReduceOp::kSum)
        ->Wait();
  }

  // One optimizer step on this rank's part of the global batch.
  absl::Status Step(int64_t t, int64_t epoch, int64_t step_of_epoch,
                    const std::vector<int64_t>& indices,
                    const LocalSamples& local,
                    const OptimizerOptions& optimizer) {
    timer_.Enter(Phase::kLoad);
    Batch batch;
    batch.task = t;
    batch.step_of_task = step_of_task_;
    batch.epoch = epoch;
    batch.step_of_epoch = step_of_epoch;
    batch.incoming = static_cast<int64_t>(local.indices.size());
    batch.global_incoming = local.of_all_ranks;
    batch.global_batch_size = options_.global_batch_size;
    batch.first_appended_position =
        options_.global_batch_size + SliceBegin(options_.global_representatives,
                                                communicator_.rank(),
                                                communicator_.world_size());
    for (int64_t i = 0; i < batch.incoming; ++i) {
      batch.Append(data_.train->At(indices[local.indices[i]]), 1.0f,
                   local.positions[i]);
    }
    timer_.Enter(Phase::kRehearsalWait);
    REPRISE_RETURN_IF_ERROR(agent_.AugmentBatch(batch));
    double local_weight = 0;
    for (const float weight : batch.weights) local_weight += weight;

    parameters_.BeginBackward();
    if (adasum_ == nullptr && !synchronises_) {
      reducer_->BeginStep(local_weight);
    }
    const absl::Status trained = CatchTorch(
        "training step", [&] { return ForwardBackwardInParts(batch); });
    REPRISE_RETURN_IF_ERROR(synchronised_);
    // The other ranks wait in the next layer's sum, not for the gradients'.
    if (synchronises_) REPRISE_RETURN_IF_ERROR(trained);
    REPRISE_RETURN_IF_ERROR(Keep(step_of_epoch, trained));
    FinishBackward(local_weight);

    timer_.Enter(Phase::kReductionWait);
    REPRISE_ASSIGN_OR_RETURN(
        const double gradient_factor,
        adasum_ != nullptr ? CombineByAdasum(local_weight) : FinishSum());
    timer_.Enter(Phase::kOptimizer);
    const absl::Status updated = CatchTorch("optimizer", [&] {
      if (gradient_factor > 0) {
        optimizer_.Step(optimizer, gradient_factor, ReducedGradients());
        parameters_.RefreshLeaves();
      }
      return absl::OkStatus();
    });
    REPRISE_RETURN_IF_ERROR(Keep(step_of_epoch, updated));
    timer_.Enter(Phase::kBufferUpdate);
    // An exception may have left half of what ranks share: it is not kept.
    REPRISE_RETURN_IF_ERROR(Keep(step_of_epoch, agent_.OnStepEnd(batch)));
    timer_.Enter(Phase::kOther);
    ++step_of_task_;
    ++steps_of_run_;
    return absl::OkStatus();
  }

  // A failure that this rank has alone. The others learn of it without being
  // asked: this rank goes on with them to the next sum of gradients that has
  // not gone yet, which shows that one has failed, and CauseOf asks which. At
  // one rank, and with Adasum, which has no such sum, it ends the run here.
  absl::Status Keep(int64_t step_of_epoch, const absl::Status& local) {
    if (local.ok() || communicator_.world_size() == 1 || adasum_ != nullptr) {
      return local;
    }
    reducer_->Fail();
    pending_.Update(Annotate(local, absl::StrCat("step ", step_of_epoch + 1)));
    return absl::OkStatus();
  }

  // Collective where `failure` is of all ranks. What a rank has kept came
  // before it, and is what it comes of.
  absl::Status CauseOf(const absl::Status& failure) {
    if (failure.ok()) return failure;
    if (!IsAgreed(failure)) {
      return pending_.ok() ? failure : pending_;
    }
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, pending_));
    return failure;
  }

  absl::Status ForwardBackwardInParts(Batch& batch) {
    // Batch normalisation over all ranks needs each of them.
    const int64_t parts = synchronises_
                              ? options_.parts_per_step
                              : std::min(options_.parts_per_step, batch.size());
    for (int64_t p = 0; p < parts; ++p) {
      is_last_part_ = p + 1 == parts;
      if (parts == 1) {
        REPRISE_RETURN_IF_ERROR(ForwardBackward(batch));
        continue;
      }
      Batch part =
          batch.Part(batch.size() * p / parts, batch.size() * (p + 1) / parts);
      REPRISE_RETURN_IF_ERROR(ForwardBackward(part));
    }
    return absl::OkStatus();
  }

  // Parameters without a gradient take part with zeros: all of them in an empty
  // batch, and what a failure has left.
  void FinishBackward(double local_weight) {
    parameters_.FinishBackward();
    if (IsStaged()) {
      ReducedGradients().copy_(parameters_.gradients());
    }
    if (adasum_ != nullptr) return;
    // Its buckets would have stood before what backward sums.
    if (synchronises_) reducer_->BeginStep(local_weight);
    reducer_->MarkAllReady();
  }

  // Of the samples of `batch`: their numerators are added to the gradients.
  absl::Status ForwardBackward(Batch& batch) {
    timer_.Enter(Phase::kLoad);
    const uint32_t task = static_cast<uint32_t>(batch.task);
    const uint32_t step = static_cast<uint32_t>(batch.step_of_task);
    std::vector<Placement> placements;
    if (options_.augment) {
      placements =
          StandardPlacements(options_.seed, task, step, batch.positions);
    }
    batch.input =
        input_.Make(batch.samples, placements, model_.options().compute_type,
                    model_.options().device, batch.on_device);
    timer_.Enter(Phase::kForward);
    const ForwardContext forward{
        /*training=*/true, {options_.seed, task, step}, &batch.positions};
    const ModelOutput output = model_.Forward(batch.input, forward);
    REPRISE_ASSIGN_OR_RETURN(const LossResult loss,
                             agent_.Loss(output, batch, gradient_scale_));
    REPRISE_RETURN_IF_ERROR(Account(batch, loss, output.logits));
    timer_.Enter(Phase::kBackward);
    output.logits.backward(loss.logits_gradient);
    return absl::OkStatus();
  }

  const char* TypeOfSumAndRemedy() const {
    using Compression = GradientReducer::Compression;
    switch (options_.compression) {
      case Compression::kFloat16:
        return "fp16, which ends at 65504; choose --compression=bf16 or a "
               "greater --gradient-predivide-factor, or lower --lr";
      case Compression::kBFloat16:
        return "bf16; lower --lr or start from other parameters (--seed)";
      case Compression::kNone:
        break;
    }
    return "fp32, divided before and multiplied after; choose a "
           "--gradient-predivide-factor nearer to 1, or lower --lr";
  }

  // Collective: waits for the sum of the numerators, and gives the factor that
  // makes it the gradient; 0 without any sample.
  absl::StatusOr<double> FinishSum() {
    REPRISE_ASSIGN_OR_RETURN(const StepReduction reduction, reducer_->Finish());
    reduction_.overlapped_seconds += reduction.overlapped_seconds;
    reduction_.busy_seconds += reduction.busy_seconds;
    if (!reduction.finite) {
      return MarkAgreed(absl::OutOfRangeError(
          absl::StrCat("the gradients' sum over the ranks is not finite as ",
                       TypeOfSumAndRemedy())));
    }
    return reduction.weight_sum > 0
               ? 1.0 / (gradient_scale_ * reduction.weight_sum)
               : 0.0;
  }

  // Collective: combines the ranks' weighted means, that of a rank without
  // samples being 0.
  absl::StatusOr<double> CombineByAdasum(double local_weight) {
    const absl::Time start = absl::Now();
    if (local_weight > 0) {
      ReducedGradients().mul_(1.0 / (gradient_scale_ * local_weight));
    }
    REPRISE_RETURN_IF_ERROR(adasum_->Combine());
    reduction_.busy_seconds += absl::ToDoubleSeconds(absl::Now() - start);
    return 1.0;
  }

  // Adds the batch to the epoch's meter.
  absl::Status Account(const Batch& batch, const LossResult& loss,
                       const at::Tensor& logits) {
    const at::Tensor host =
        logits.detach().to(at::kCPU).to(at::kFloat).contiguous();
    const std::vector<int32_t> labels = batch.Labels();
    std::vector<int32_t> ranks(batch.incoming);
    LabelRanks<float>(host.data_ptr<float>(), labels.data(), batch.incoming,
                      host.size(1), ranks.data());
    constexpr size_t kMostListed = 8;
    std::vector<std::string> nonfinite;
    int64_t num_nonfinite = 0;
    const TopCounts correct = CountTop(ranks);
    TrainStepSums sums;
    sums.top1_correct = correct.top1;
    sums.top5_correct = correct.top5;
    for (int64_t i = 0; i < batch.size(); ++i) {
      const double l = loss.losses[i], w = batch.weights[i];
      if (!std::isfinite(l)) {
        ++num_nonfinite;
        if (nonfinite.size() == kMostListed) nonfinite.push_back("...");
        if (nonfinite.size() < kMostListed) {
          nonfinite.push_back(absl::StrCat(batch.samples[i].id));
        }
      }
      const double factor =
          loss.objective_factors.empty() ? 1.0 : loss.objective_factors[i];
      sums.objective_sum += w * factor * l;
      sums.objective_weight += w;
      if (i < batch.incoming) {
        ++sums.incoming_samples;
        sums.incoming_loss_sum += l;
      } else {
        ++sums.representatives;
        sums.representative_loss_sum += l;
        sums.representative_weight += w;
      }
    }
    meter_.Add(sums);
    if (num_nonfinite == 0) return absl::OkStatus();
    return absl::OutOfRangeError(absl::StrCat(
        "the loss is not finite for ", num_nonfinite, " of ", batch.size(),
        " samples (training rows ", absl::StrJoin(nonfinite, ", "),
        "); lower --lr or start from other parameters (--seed)"));
  }

  absl::Status ReportStep(int64_t t, int64_t epoch, int64_t step, int64_t steps,
                          double lr, absl::Time epoch_start) {
    StepRecord record;
    record.task = t;
    record.epoch = epoch;
    record.step = step;
    record.steps_in_epoch = steps;
    record.global_step = steps_of_run_;
    // This rank's part of the epoch so far: totals over ranks are exchanged at
    // the end of the epoch.
    TrainEpochRecord so_far;
    meter_.Fill(&so_far);
    record.loss_so_far = so_far.loss;
    record.accuracy_so_far = so_far.top1;
    ThroughputMeter throughput;
    throughput.Add(so_far.incoming_samples * communicator_.world_size(),
                   absl::ToDoubleSeconds(absl::Now() - epoch_start));
    record.images_per_second = throughput.ImagesPerSecond();
    record.learning_rate = lr;
    record.run_fraction =
        std::min(1.0, static_cast<double>(steps_of_run_) / expected_steps_);
    return sink_.OnStep(record);
  }

  absl::Status EvaluateSeenTasks(const TaskContext& context, int64_t epoch) {
    if (!options_.evaluate) return absl::OkStatus();
    timer_.Enter(Phase::kEvaluation);
    const absl::StatusOr<std::vector<Classifier>> classifiers =
        agent_.Classifiers(context);
    REPRISE_RETURN_IF_ERROR(AgreeOnHook(classifiers.status()));
    double loss_sum = 0;
    int64_t samples = 0;
    absl::Status reported;
    for (int64_t test_task = 0; test_task <= context.task; ++test_task) {
      const absl::Time start = absl::Now();
      REPRISE_ASSIGN_OR_RETURN(
          const EvaluationResult result,
          Evaluate(model_, *classifiers, input_, *data_.test,
                   tasks_[test_task].test_indices,
                   {options_.eval_batch_size,
                    /*confusion=*/epoch == options_.epochs},
                   communicator_));
      loss_sum += result.heads[0].loss_sum.value_or(0);
      samples += result.samples;
      for (size_t h = 0; h < result.heads.size(); ++h) {
        const HeadResult& head = result.heads[h];
        TestRecord record;
        record.task = context.task;
        record.test_task = test_task;
        record.epoch = epoch;
        record.head = head.head;
        record.primary = h == 0;
        record.correct = head.top1;
        record.samples = result.samples;
        record.steps = result.steps;
        record.confusion = head.confusion;
        record.seconds = absl::ToDoubleSeconds(absl::Now() - start);
        if (head.answered && result.samples > 0) {
          const double samples = static_cast<double>(result.samples);
          record.top1 = head.top1 / samples;
          record.top5 = head.top5 / samples;
          if (head.loss_sum.has_value()) {
            record.loss = *head.loss_sum / samples;
          }
        }
        reported.Update(sink_.OnTest(record));
      }
    }
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, reported));
    if (options_.select_on_test_loss && epoch > 0 &&
        (best_ == nullptr || loss_sum / samples < best_loss_)) {
      best_ = model_.Clone();
      best_loss_ = loss_sum / samples;
    }
    timer_.Enter(Phase::kOther);
    return absl::OkStatus();
  }

  // Collective: every rank normalises with the statistics of all minibatches
  // from here on.
  absl::Status MergeRunningStatistics() {
    RunningStatistics& statistics = model_.running_statistics();
    if (communicator_.world_size() == 1 || statistics.empty()) {
      return absl::OkStatus();
    }
    const int64_t world_size = communicator_.world_size();
    const auto gather =
        [&](const at::Tensor& mine) -> absl::StatusOr<at::Tensor> {
      const at::Tensor host = mine.to(at::kCPU, at::kDouble).contiguous();
      at::Tensor all = at::zeros({world_size, host.numel()}, at::kDouble);
      REPRISE_RETURN_IF_ERROR(
          communicator_
              .AllGather(host.data_ptr(), host.nbytes(), all.data_ptr())
              ->Wait());
      return all;
    };
    REPRISE_ASSIGN_OR_RETURN(at::Tensor means, gather(statistics.means()));
    REPRISE_ASSIGN_OR_RETURN(at::Tensor variances,
                             gather(statistics.variances()));
    std::vector<int64_t> batches(world_size);
    const int64_t mine = statistics.batches_tracked();
    REPRISE_RETURN_IF_ERROR(
        communicator_.AllGather(&mine, sizeof(mine), batches.data())->Wait());
    // A rank that has had no minibatch since the last merge, where all became
    // equal, knows nothing new.
    std::vector<at::Tensor> new_means, new_variances;
    for (int64_t rank = 0; rank < world_size; ++rank) {
      if (batches[rank] == merged_batches_) continue;
      new_means.push_back(means[rank]);
      new_variances.push_back(variances[rank]);
    }
    if (new_means.empty()) return absl::OkStatus();
    means = at::stack(new_means);
    variances = at::stack(new_variances);
    double* mean = means.data_ptr<double>();
    double* variance = variances.data_ptr<double>();
    MergeBatchNorm<double>(mean, variance, means.size(0), means.size(1), mean,
                           variance);
    statistics.means().copy_(means[0]);
    statistics.variances().copy_(variances[0]);
    merged_batches_ = *std::max_element(batches.begin(), batches.end());
    statistics.set_batches_tracked(merged_batches_);
    return absl::OkStatus();
  }

  // Collective.
  absl::Status CheckParametersAgree() {
    if (communicator_.world_size() == 1) return absl::OkStatus();
    std::vector<std::pair<std::string, uint64_t>> mine;
    for (size_t i = 0; i < parameters_.specs().size(); ++i) {
      mine.emplace_back(
          "parameter " + parameters_.specs()[i].name,
          DigestOf(parameters_.Exported(static_cast<int64_t>(i))));
    }
    return CheckDigestsAgree(mine);
  }

  // Collective: once they are merged.
  absl::Status CheckStatisticsAgree() {
    const RunningStatistics& statistics = model_.running_statistics();
    if (communicator_.world_size() == 1 || statistics.empty()) {
      return absl::OkStatus();
    }
    std::vector<std::pair<std::string, uint64_t>> mine;
    for (size_t i = 0; i < statistics.layers().size(); ++i) {
      const std::string& name = statistics.layers()[i].name;
      mine.emplace_back("running mean of " + name,
                        DigestOf(statistics.mean(i)));
      mine.emplace_back("running variance of " + name,
                        DigestOf(statistics.variance(i)));
    }
    return CheckDigestsAgree(mine);
  }

  absl::Status CheckDigestsAgree(
      const std::vector<std::pair<std::string, uint64_t>>& named) {
    const size_t count = named.size();
    std::vector<uint64_t> mine;
    for (const auto& [name, digest] : named) mine.push_back(digest);
    std::vector<uint64_t> all(count * communicator_.world_size());
    REPRISE_RETURN_IF_ERROR(
        communicator_
            .AllGather(mine.data(), count * sizeof(uint64_t), all.data())
            ->Wait());
    for (int rank = 1; rank < communicator_.world_size(); ++rank) {
      for (size_t i = 0; i < count; ++i) {
        if (all[rank * count + i] == all[i]) continue;
        return MarkAgreed(DistributedError(absl::StrFormat(
            "%s differs between rank 0 (digest %016x) and rank %d "
            "(digest %016x) after %d steps; the run cannot be trusted",
            named[i].first, all[i], rank, all[rank * count + i],
            steps_of_run_)));
      }
    }
    return absl::OkStatus();
  }

  const TrainingOptions& options_;
  const DatasetPair& data_;
  const std::vector<TaskSpec>& tasks_;
  Model& model_;
  ParameterStore& parameters_;
  Optimizer optimizer_;
  Agent& agent_;
  Communicator& communicator_;
  MetricSink& sink_;
  const BatchInput input_;
  PhaseTimer timer_;
  const double gradient_scale_;

  std::unique_ptr<GradientReducer> reducer_;
  std::unique_ptr<Adasum> adasum_;  // in place of reducer_, where set
  bool synchronises_ = false;       // batch normalisation, over ranks
  absl::Status synchronised_;       // its last sum
  absl::Status pending_;            // the first that this rank kept
  // Of the batch that is in backward: its gradients are complete.
  bool is_last_part_ = true;
  // What the reducer sums: the gradients, or a copy in host memory.
  at::Tensor reduced_;
  at::Tensor initial_parameters_;
  int64_t merged_batches_ = 0;  // RunningStatistics' count at the last merge
  // With select_on_test_loss: of the task, and its mean loss on the test sets.
  std::unique_ptr<Model> best_;
  double best_loss_ = 0;
  TrainMeter meter_;              // of the epoch, this rank
  ReductionTimes reduction_;      // of the epoch, this rank
  ReductionTimes run_reduction_;  // of the run so far, all ranks
  int64_t step_of_task_ = 0, steps_of_run_ = 0, expected_steps_ = 0;
  int64_t incoming_samples_ = 0;
  double training_seconds_ = 0;
};

}  // namespace

absl::Status Train(const TrainingOptions& options, const DatasetPair& data,
                   const std::vector<TaskSpec>& tasks, Model& model,
                   Agent& agent, Communicator& communicator, MetricSink& sink) {
  // Outlives Abort: a bucket under way may lie in its memory.
  std::unique_ptr<TrainingRun> run;
  const absl::Status status = CatchTorch("training", [&] {
    run = std::make_unique<TrainingRun>(options, data, tasks, model, agent,
                                        communicator, sink);
    return run->Run();
  });
  model.parameters().SetGradientReadyCallback(nullptr);
  model.running_statistics().set_sum_over_ranks(nullptr);
  // The other ranks wait in a collective.
  if (!status.ok() && !IsAgreed(status)) {
    communicator.Abort(status);
    if (options.device_communicator != nullptr) {
      options.device_communicator->Abort(status);
    }
  }
  return status;
}

}  // namespace reprise
