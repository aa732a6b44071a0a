#include "agents/training/gradient_step.h"

#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/parameter_layout.h"
#include "core/device/tensor_gradients.h"
#include "core/metrics/meters.h"
#include "core/tensor/augmentation.h"
#include "core/tensor/torch_dtype.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

// How an infinite sum of gradients came about, and what helps.
const char* TypeOfSumAndRemedy(GradientReducer::Compression compression) {
  using Compression = GradientReducer::Compression;
  switch (compression) {
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

}  // namespace

double NumeratorScale(const TrainingOptions& options) {
  const double samples = static_cast<double>(options.global_batch_size +
                                             options.global_representatives);
  return std::ldexp(1.0, -std::ilogb(samples));
}

GradientStep::GradientStep(const TrainingParts& parts, const BatchInput& input,
                           PhaseTimer& timer)
    : options_(parts.options),
      input_(input),
      model_(parts.model),
      parameters_(parts.model.parameters()),
      agent_(parts.agent),
      communicator_(parts.communicator),
      timer_(timer),
      optimizer_(parameters_.master()),
      gradient_scale_(NumeratorScale(parts.options)) {}

GradientStep::~GradientStep() {
  if (!has_hooks_) return;
  parameters_.SetGradientReadyCallback(nullptr);
  model_.running_statistics().set_sum_over_ranks(nullptr);
}

absl::StatusOr<std::unique_ptr<GradientStep>> GradientStep::Create(
    const TrainingParts& parts, const BatchInput& input, PhaseTimer& timer) {
  std::unique_ptr<GradientStep> step(new GradientStep(parts, input, timer));
  REPRISE_RETURN_IF_ERROR(step->MakeReduction());
  step->TakeHooks();
  return step;
}

absl::Status GradientStep::MakeReduction() {
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
  failure_ = std::make_unique<LocalFailure>(
      communicator_, adasum_ != nullptr
                         ? std::function<void()>()
                         : [reducer = reducer_.get()] { reducer->Fail(); });
  return absl::OkStatus();
}

void GradientStep::TakeHooks() {
  has_hooks_ = true;
  sums_statistics_ = options_.sync_batch_norm &&
                     communicator_.world_size() > 1 &&
                     !model_.running_statistics().empty();
  if (sums_statistics_) {
    model_.running_statistics().set_sum_over_ranks([this](at::Tensor& sums) {
      statistics_summed_ = SumStatistics(sums);
      if (!statistics_summed_.ok()) {
        throw std::runtime_error(std::string(statistics_summed_.message()));
      }
    });
  } else if (adasum_ == nullptr && !IsStaged()) {
    parameters_.SetGradientReadyCallback([this](int64_t i) {
      if (is_last_part_) reducer_->MarkReady(i);
    });
  }
}

absl::Status GradientStep::SumStatistics(at::Tensor& sums) {
  return communicator_
      .AllReduce(sums.data_ptr(), sums.numel(), DType::kFloat64, ReduceOp::kSum)
      ->Wait();
}

bool GradientStep::IsStaged() const {
  return !reduced_.is_same(parameters_.gradients_with_weight_sum());
}

at::Tensor GradientStep::ReducedGradients() const {
  return ParameterStore::WithoutWeightSum(reduced_);
}

absl::Status GradientStep::Run(Batch& batch, const OptimizerOptions& optimizer,
                               StepMeter* meter, ReductionTimes* times) {
  const int64_t step = batch.step_of_epoch;
  double local_weight = 0;
  for (const float weight : batch.weights) local_weight += weight;

  parameters_.BeginBackward();
  is_finite_ = at::Tensor();
  if (adasum_ == nullptr && !sums_statistics_) {
    reducer_->BeginStep(local_weight);
  }
  const absl::Status trained = CatchTorch(
      "training step", [&] { return ForwardBackwardInParts(batch, meter); });
  REPRISE_RETURN_IF_ERROR(statistics_summed_);
  // The other ranks wait in the next layer's sum, not for the gradients'.
  if (sums_statistics_) REPRISE_RETURN_IF_ERROR(trained);
  REPRISE_RETURN_IF_ERROR(failure_->Keep(step, trained));
  FinishBackward(local_weight);

  timer_.Enter(Phase::kReductionWait);
  REPRISE_ASSIGN_OR_RETURN(const double gradient_factor,
                           adasum_ != nullptr
                               ? CombineByAdasum(local_weight, times)
                               : FinishSum(times));
  timer_.Enter(Phase::kOptimizer);
  const absl::Status updated = CatchTorch("optimizer", [&] {
    if (gradient_factor > 0) {
      optimizer_.Step(
          optimizer, gradient_factor, ReducedGradients(),
          // Of several ranks the sum has told.
          communicator_.world_size() == 1 ? is_finite_ : at::Tensor());
      parameters_.RefreshLeaves();
    }
    return absl::OkStatus();
  });
  return failure_->Keep(step, updated);
}

absl::Status GradientStep::ForwardBackwardInParts(Batch& batch,
                                                  StepMeter* meter) {
  // Batch normalisation over all ranks needs each of them.
  const int64_t parts = sums_statistics_
                            ? options_.parts_per_step
                            : std::min(options_.parts_per_step, batch.size());
  for (int64_t p = 0; p < parts; ++p) {
    is_last_part_ = p + 1 == parts;
    if (parts == 1) {
      REPRISE_RETURN_IF_ERROR(ForwardBackward(batch, meter));
      continue;
    }
    Batch part =
        batch.Part(batch.size() * p / parts, batch.size() * (p + 1) / parts);
    REPRISE_RETURN_IF_ERROR(ForwardBackward(part, meter));
  }
  return absl::OkStatus();
}

// Of the samples of `batch`: their numerators are added to the gradients.
absl::Status GradientStep::ForwardBackward(Batch& batch, StepMeter* meter) {
  timer_.Enter(Phase::kLoad);
  MakeTensors(batch);
  timer_.Enter(Phase::kForward);
  const ForwardContext forward{
      /*training=*/true,
      {options_.seed, static_cast<uint32_t>(batch.task),
       static_cast<uint32_t>(batch.step_of_task)},
      &batch.positions};
  const ModelOutput output = model_.Forward(batch.input, forward);
  REPRISE_ASSIGN_OR_RETURN(const LossResult loss, agent_.Loss(output, batch));
  REPRISE_RETURN_IF_ERROR(Account(batch, loss, output.logits, meter));
  timer_.Enter(Phase::kBackward);
  output.logits.backward(loss.logits_gradient.mul_(gradient_scale_));
  return absl::OkStatus();
}

void GradientStep::MakeTensors(Batch& batch) const {
  std::vector<Placement> placements;
  if (options_.augment) {
    placements = StandardPlacements(
        options_.seed, static_cast<uint32_t>(batch.task),
        static_cast<uint32_t>(batch.step_of_task), batch.positions);
  }
  const at::Device device = model_.options().device;
  batch.input =
      input_.Make(batch.samples, placements, model_.options().compute_type,
                  device, batch.on_device);
  batch.MakeLossTensors(device);
}

// Losses on a device are looked at later where the update can be held back
// without asking: by selection at one rank; by the sum of weights where it is
// summed on the devices. Elsewhere a step waits for them anyway.
bool GradientStep::ChecksLossesLater() const {
  return communicator_.world_size() == 1 ||
         (adasum_ == nullptr && !IsStaged() && !sums_statistics_ &&
          options_.compression == GradientReducer::Compression::kNone);
}

absl::Status GradientStep::Account(const Batch& batch, const LossResult& loss,
                                   const at::Tensor& logits, StepMeter* meter) {
  REPRISE_RETURN_IF_ERROR(meter->Add(batch, loss, logits));
  const at::Tensor& finite = meter->last_is_finite();
  if (!finite.defined()) return absl::OkStatus();
  if (!ChecksLossesLater()) {
    TrainMeter unused;
    int64_t step = 0;  // this one
    return meter->Collect(&unused, &step);
  }
  is_finite_ = is_finite_.defined() ? is_finite_.logical_and(finite) : finite;
  if (is_last_part_ && communicator_.world_size() > 1) {
    // What GradientReducer::Fail does, without asking whether to.
    const at::Tensor weight_sum =
        reduced_.narrow(0, ParameterLayout::kWeightSum, 1);
    weight_sum.copy_(at::where(
        is_finite_, weight_sum,
        at::full_like(weight_sum, std::numeric_limits<double>::quiet_NaN())));
  }
  return absl::OkStatus();
}

// Parameters without a gradient take part with zeros: all of them in an empty
// batch, and what a failure has left.
void GradientStep::FinishBackward(double local_weight) {
  parameters_.FinishBackward();
  if (IsStaged()) ReducedGradients().copy_(parameters_.gradients());
  if (adasum_ != nullptr) return;
  // Its buckets would have stood before what backward sums.
  if (sums_statistics_) reducer_->BeginStep(local_weight);
  reducer_->MarkAllReady();
}

// Collective: waits for the sum of the numerators, and gives the factor that
// makes it the gradient; 0 without any sample.
absl::StatusOr<double> GradientStep::FinishSum(ReductionTimes* times) {
  REPRISE_ASSIGN_OR_RETURN(const StepReduction reduction, reducer_->Finish());
  times->overlapped_seconds += reduction.overlapped_seconds;
  times->busy_seconds += reduction.busy_seconds;
  if (!reduction.finite) {
    return MarkAgreed(absl::OutOfRangeError(
        absl::StrCat("the gradients' sum over the ranks is not finite as ",
                     TypeOfSumAndRemedy(options_.compression))));
  }
  return reduction.weight_sum > 0
             ? 1.0 / (gradient_scale_ * reduction.weight_sum)
             : 0.0;
}

// Collective: combines the ranks' weighted means, that of a rank without
// samples being 0.
absl::StatusOr<double> GradientStep::CombineByAdasum(double local_weight,
                                                     ReductionTimes* times) {
  const absl::Time start = absl::Now();
  if (local_weight > 0) {
    ReducedGradients().mul_(1.0 / (gradient_scale_ * local_weight));
  }
  REPRISE_RETURN_IF_ERROR(adasum_->Combine());
  times->busy_seconds += absl::ToDoubleSeconds(absl::Now() - start);
  return 1.0;
}

}  // namespace reprise
