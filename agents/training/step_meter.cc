#include "agents/training/step_meter.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/tensor/label_ranks.h"
#include "core/tensor/staging.h"
#include "core/tensor/weighted_cross_entropy.h"

namespace reprise {
namespace {

// `losses`: those of the samples `ids`.
absl::Status CheckFinite(const double* losses,
                         const std::vector<int64_t>& ids) {
  constexpr size_t kMostListed = 8;
  std::vector<std::string> listed;
  int64_t nonfinite = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (std::isfinite(losses[i])) continue;
    ++nonfinite;
    if (listed.size() == kMostListed) listed.push_back("...");
    if (listed.size() < kMostListed) listed.push_back(absl::StrCat(ids[i]));
  }
  if (nonfinite == 0) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("the loss is not finite for ", nonfinite, " of ", ids.size(),
                   " samples (training rows ", absl::StrJoin(listed, ", "),
                   "); lower --lr or start from other parameters (--seed)"));
}

std::vector<int64_t> IdsOf(const Batch& batch) {
  std::vector<int64_t> ids;
  ids.reserve(batch.samples.size());
  for (const Sample& sample : batch.samples) ids.push_back(sample.id);
  return ids;
}

// What the host knows of a batch before it is trained on.
void AddCounts(const Batch& batch, TrainStepSums& sums) {
  sums.incoming_samples += batch.incoming;
  sums.representatives += batch.size() - batch.incoming;
  for (int64_t i = 0; i < batch.size(); ++i) {
    sums.objective_weight += batch.weights[i];
    if (i >= batch.incoming) sums.representative_weight += batch.weights[i];
  }
}

TopCounts TopOfHost(const at::Tensor& logits, const Batch& batch) {
  const at::Tensor host = logits.detach().to(at::kFloat).contiguous();
  const std::vector<int32_t> labels = batch.Labels();
  std::vector<int32_t> ranks(batch.incoming);
  LabelRanks<float>(host.data_ptr<float>(), labels.data(), batch.incoming,
                    host.size(1), ranks.data());
  return CountTop(ranks);
}

}  // namespace

void StepMeter::Restart() {
  total_ = TrainStepSums();
  device_total_ = last_is_finite_ = at::Tensor();
  unchecked_.clear();
}

absl::Status StepMeter::Add(const Batch& batch, const LossResult& loss,
                            const at::Tensor& logits) {
  AddCounts(batch, total_);
  if (!loss.losses.is_cpu()) {
    AddOnDevice(batch, loss, logits);
    return absl::OkStatus();
  }
  const TopCounts correct = TopOfHost(logits, batch);
  total_.top1_correct += correct.top1;
  total_.top5_correct += correct.top5;
  const double* losses = loss.losses.data_ptr<double>();
  const double* factors = loss.objective_factors.defined()
                              ? loss.objective_factors.data_ptr<double>()
                              : nullptr;
  for (int64_t i = 0; i < batch.size(); ++i) {
    const double factor = factors == nullptr ? 1.0 : factors[i];
    total_.objective_sum += batch.weights[i] * factor * losses[i];
    (i < batch.incoming ? total_.incoming_loss_sum
                        : total_.representative_loss_sum) += losses[i];
  }
  return CheckFinite(losses, IdsOf(batch));
}

void StepMeter::AddOnDevice(const Batch& batch, const LossResult& loss,
                            const at::Tensor& logits) {
  const int64_t incoming = batch.incoming;
  const at::Tensor losses = loss.losses.detach();
  at::Tensor weights = batch.loss_weights.to(at::kDouble);
  if (loss.objective_factors.defined()) {
    weights = weights.mul(loss.objective_factors);
  }
  const at::Tensor ranks =
      LabelRanksOnDevice(logits.detach().narrow(0, 0, incoming),
                         batch.labels.narrow(0, 0, incoming));
  // top1 and top5 as CountTop has them.
  const at::Tensor sums = at::stack(
      {weights.mul(losses).sum(), losses.narrow(0, 0, incoming).sum(),
       losses.narrow(0, incoming, batch.size() - incoming).sum(),
       ranks.lt(1).sum().to(at::kDouble), ranks.lt(5).sum().to(at::kDouble)});
  if (!device_total_.defined()) {
    const at::Tensor host =
        EmptyForDevice({sums.size(0)}, at::kDouble, sums.device());
    double* const total = host.data_ptr<double>();
    total[0] = total_.objective_sum;
    total[1] = total_.incoming_loss_sum;
    total[2] = total_.representative_loss_sum;
    total[3] = static_cast<double>(total_.top1_correct);
    total[4] = static_cast<double>(total_.top5_correct);
    device_total_ = ToDevice(host, sums.device());
  }
  device_total_ = device_total_.add(sums);
  last_is_finite_ = at::isfinite(losses).all();
  unchecked_.push_back({batch.step_of_epoch, IdsOf(batch), losses});
}

absl::Status StepMeter::Collect(TrainMeter* meter, int64_t* step) {
  absl::Status status;
  if (device_total_.defined()) {
    const at::Tensor host = device_total_.cpu();
    const double* const total = host.data_ptr<double>();
    total_.objective_sum = total[0];
    total_.incoming_loss_sum = total[1];
    total_.representative_loss_sum = total[2];
    total_.top1_correct = static_cast<int64_t>(total[3]);
    total_.top5_correct = static_cast<int64_t>(total[4]);
    status = CheckLosses(step);
  }
  *meter = TrainMeter();
  meter->Add(total_);
  return status;
}

absl::Status StepMeter::CheckLosses(int64_t* step) {
  const std::vector<Unchecked> unchecked = std::exchange(unchecked_, {});
  // The sum of what is not finite is not, either.
  if (std::isfinite(total_.incoming_loss_sum) &&
      std::isfinite(total_.representative_loss_sum)) {
    return absl::OkStatus();
  }
  for (const Unchecked& batch : unchecked) {
    const at::Tensor losses = batch.losses.cpu();
    const absl::Status finite =
        CheckFinite(losses.data_ptr<double>(), batch.ids);
    if (finite.ok()) continue;
    *step = batch.step_of_epoch;
    return finite;
  }
  return absl::OkStatus();
}

void StepMeter::SaveState(const StateWriter& state) const {
  REPRISE_CHECK(unchecked_.empty()) << "saved before it is collected";
  state.Put("objective_sum", total_.objective_sum);
  state.Put("objective_weight", total_.objective_weight);
  state.Put("incoming_loss_sum", total_.incoming_loss_sum);
  state.Put("representative_loss_sum", total_.representative_loss_sum);
  state.Put("representative_weight", total_.representative_weight);
  state.Put("incoming_samples", total_.incoming_samples);
  state.Put("representatives", total_.representatives);
  state.Put("top1_correct", total_.top1_correct);
  state.Put("top5_correct", total_.top5_correct);
}

absl::Status StepMeter::LoadState(const StateReader& state) {
  Restart();
  TrainStepSums& t = total_;
  REPRISE_RETURN_IF_ERROR(state.Get("objective_sum", &t.objective_sum));
  REPRISE_RETURN_IF_ERROR(state.Get("objective_weight", &t.objective_weight));
  REPRISE_RETURN_IF_ERROR(state.Get("incoming_loss_sum", &t.incoming_loss_sum));
  REPRISE_RETURN_IF_ERROR(
      state.Get("representative_loss_sum", &t.representative_loss_sum));
  REPRISE_RETURN_IF_ERROR(
      state.Get("representative_weight", &t.representative_weight));
  REPRISE_RETURN_IF_ERROR(state.Get("incoming_samples", &t.incoming_samples));
  REPRISE_RETURN_IF_ERROR(state.Get("representatives", &t.representatives));
  REPRISE_RETURN_IF_ERROR(state.Get("top1_correct", &t.top1_correct));
  return state.Get("top5_correct", &t.top5_correct);
}

}  // namespace reprise
