#include <ATen/ops/full_like.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agents/icarl/exemplar_heads.h"
#include "agents/icarl/exemplar_state.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/losses/cross_entropy.h"
#include "agents/losses/distillation.h"
#include "core/base/dtype.h"
#include "core/base/permutation.h"
#include "core/base/philox.h"
#include "core/base/state.h"
#include "core/base/status.h"
#include "core/tensor/nearest_mean.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

using ClassRows = std::vector<std::vector<int64_t>>;  // by class

class UpstreamIcarlAgent final : public Agent {
 public:
  explicit UpstreamIcarlAgent(const UpstreamIcarlOptions& options)
      : options_(options),
        exemplars_(options.world_size, ClassRows(options.num_classes)),
        seen_(options.num_classes, false) {}

  std::string name() const override { return "icarl"; }
  // It has two means over the batch in it.
  bool loss_splits() const override { return false; }

  absl::StatusOr<TaskPlan> OnTaskStart(const TaskContext& context) override {
    train_ = &context.train;
    rehearsed_.clear();
    for (const std::vector<int64_t>& rows : exemplars_[options_.rank]) {
      rehearsed_.insert(rehearsed_.end(), rows.begin(), rows.end());
    }
    previous_ = context.task > 0 ? context.snapshot() : nullptr;
    for (const int64_t c : context.spec.classes) seen_[c] = true;
    return TaskPlan{};
  }

  absl::Status AugmentBatch(Batch& batch) override {
    const int64_t n = static_cast<int64_t>(rehearsed_.size());
    if (n == 0) return absl::OkStatus();
    for (int64_t i = 0; i < options_.exemplars_per_step; ++i) {
      const int64_t place =
          batch.step_of_epoch * options_.exemplars_per_step + i;
      const int64_t row = rehearsed_[OrderOf(batch, place / n)[place % n]];
      batch.Append(train_->At(row), 1.0f, batch.first_appended_position + i);
    }
    return absl::OkStatus();
  }

  // The mean over the incoming plus the mean over the exemplars. The loop
  // divides by the number of all of them, so the gradient of each part is
  // scaled up, and its losses count as often.
  absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                  const Batch& batch) override {
    const int64_t incoming = batch.incoming;
    const int64_t rehearsed = batch.size() - incoming;
    REPRISE_ASSIGN_OR_RETURN(LossResult result,
                             BatchCrossEntropy(output.logits, batch));
    if (rehearsed == 0) return result;
    at::Tensor previous;
    REPRISE_RETURN_IF_ERROR(CatchTorch("the former network", [&] {
      c10::AutoGradMode no_grad(false);
      previous = previous_
                     ->Forward(batch.input.narrow(0, incoming, rehearsed),
                               ForwardContext{})
                     .logits;
      return absl::OkStatus();
    }));
    REPRISE_ASSIGN_OR_RETURN(
        const LossResult distilled,
        BatchDistillationKl(output.logits.narrow(0, incoming, rehearsed),
                            previous,
                            batch.PartWithTensors(incoming, batch.size())));
    REPRISE_RETURN_IF_ERROR(CatchTorch("distillation loss", [&] {
      const double all = static_cast<double>(batch.size());
      result.objective_factors = at::full_like(result.losses, all / rehearsed);
      if (incoming > 0) {
        result.logits_gradient.narrow(0, 0, incoming).mul_(all / incoming);
        result.objective_factors.narrow(0, 0, incoming).fill_(all / incoming);
      }
      result.losses.narrow(0, incoming, rehearsed).copy_(distilled.losses);
      result.logits_gradient.narrow(0, incoming, rehearsed)
          .copy_(distilled.logits_gradient)
          .mul_(all / rehearsed);
      return absl::OkStatus();
    }));
    return result;
  }

  absl::Status OnTaskEnd(const TaskContext& context) override {
    const int64_t budget =
        options_.representatives_per_class * options_.num_classes;
    const int64_t seen = std::count(seen_.begin(), seen_.end(), true);
    const int64_t m = budget / std::max<int64_t>(seen, 1);
    for (ClassRows& of_rank : exemplars_) {
      for (std::vector<int64_t>& rows : of_rank) {
        rows.resize(std::min(m, static_cast<int64_t>(rows.size())));
      }
    }
    const ClassRows own = RowsByClass(context, options_.num_classes);
    for (size_t c = 0; c < own.size(); ++c) {
      if (own[c].empty()) continue;
      REPRISE_ASSIGN_OR_RETURN(const at::Tensor features,
                               context.features(own[c]));
      ChooseNearest(own[c], features, m, c);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Classifier>> Classifiers(
      const TaskContext& context) override {
    ClassRows rows(options_.num_classes);
    bool answers = false;
    for (const ClassRows& of_rank : exemplars_) {
      for (size_t c = 0; c < rows.size(); ++c) {
        rows[c].insert(rows[c].end(), of_rank[c].begin(), of_rank[c].end());
        answers = answers || !rows[c].empty();
      }
    }
    REPRISE_ASSIGN_OR_RETURN(auto means,
                             MeansOfRows(context, rows, FeatureNorm::kNone));
    return std::vector<Classifier>{
        NearestMeanClassifier(std::move(means), FeatureNorm::kNone, answers),
        SeenLogitsClassifier(seen_)};
  }

  absl::Status SaveState(const StateWriter& state) override {
    for (size_t rank = 0; rank < exemplars_.size(); ++rank) {
      state.Put(absl::StrCat("exemplars_of_rank", rank), exemplars_[rank]);
    }
    state.Put("seen", std::vector<uint8_t>(seen_.begin(), seen_.end()));
    state.Put("rehearsed", rehearsed_);
    if (previous_ != nullptr) previous_->SaveState(state.Scope("previous"));
    return absl::OkStatus();
  }

  absl::Status LoadState(const StateReader& state,
                         const TaskContext& context) override {
    for (size_t rank = 0; rank < exemplars_.size(); ++rank) {
      REPRISE_RETURN_IF_ERROR(
          LoadExemplars(state, absl::StrCat("exemplars_of_rank", rank), context,
                        &exemplars_[rank]));
    }
    std::vector<uint8_t> seen(seen_.size());
    REPRISE_RETURN_IF_ERROR(state.GetArray("seen", DType::kUint8,
                                           {static_cast<int64_t>(seen.size())},
                                           seen.data()));
    seen_.assign(seen.begin(), seen.end());
    REPRISE_RETURN_IF_ERROR(state.Get("rehearsed", &rehearsed_));
    REPRISE_RETURN_IF_ERROR(
        state.CheckBelow("rehearsed", rehearsed_, context.train.size()));
    if (!rehearsed_.empty() && !state.Has("previous")) {
      return state.Error(
          "previous: expected the network that is rehearsed, found none");
    }
    train_ = &context.train;
    order_.clear();  // made again when it is asked for
    return LoadPrevious(state, context, &previous_);
  }

  AgentReport Report() const override {
    AgentReport report;
    for (const std::vector<int64_t>& rows : exemplars_[options_.rank]) {
      report.by_class["exemplars"].push_back(static_cast<double>(rows.size()));
    }
    return report;
  }

 private:
  // The order of the epoch's exemplars; of the following permutation where an
  // epoch takes more than there are, and so on.
  const std::vector<int64_t>& OrderOf(const Batch& batch, int64_t round) {
    const StreamKey key = {
        options_.seed, Purpose::kRepresentativeDraw,
        static_cast<uint32_t>(batch.task), static_cast<uint32_t>(batch.epoch),
        static_cast<uint32_t>(round * options_.world_size + options_.rank)};
    const std::tuple place(batch.task, batch.epoch, round);
    if (order_.empty() || place != order_place_) {
      order_ = RandomPermutation(key, static_cast<int64_t>(rehearsed_.size()));
      order_place_ = place;
    }
    return order_;
  }

  // Row i of a class belongs to rank i mod W, which keeps the m nearest to the
  // mean over all ranks.
  void ChooseNearest(const std::vector<int64_t>& rows,
                     const at::Tensor& features, int64_t m, size_t c) {
    const int64_t n = features.size(0), d = features.size(1);
    const float* values = features.data_ptr<float>();
    std::vector<double> mean(d, 0.0);
    for (int64_t i = 0; i < n * d; ++i) mean[i % d] += values[i];
    for (double& value : mean) value /= static_cast<double>(n);
    std::vector<std::vector<std::pair<double, int64_t>>> near(
        options_.world_size);
    for (int64_t i = 0; i < n; ++i) {
      double distance = 0;
      for (int64_t e = 0; e < d; ++e) {
        const double difference = values[i * d + e] - mean[e];
        distance += difference * difference;
      }
      near[i % options_.world_size].push_back({distance, rows[i]});
    }
    for (int rank = 0; rank < options_.world_size; ++rank) {
      std::sort(near[rank].begin(), near[rank].end());
      std::vector<int64_t>& chosen = exemplars_[rank][c];
      chosen.clear();
      for (const auto& [distance, row] : near[rank]) {
        if (static_cast<int64_t>(chosen.size()) == m) break;
        chosen.push_back(row);
      }
    }
  }

  const UpstreamIcarlOptions options_;
  std::vector<ClassRows> exemplars_;  // of each rank, known to all
  std::vector<bool> seen_;            // [K]
  std::vector<int64_t> rehearsed_;    // this rank's exemplars
  std::vector<int64_t> order_;        // in which they are rehearsed
  std::tuple<int64_t, int64_t, int64_t> order_place_;  // task, epoch, round
  std::unique_ptr<Model> previous_;
  const Dataset* train_ = nullptr;
};

}  // namespace

std::unique_ptr<Agent> MakeUpstreamIcarlAgent(
    const UpstreamIcarlOptions& options) {
  return std::make_unique<UpstreamIcarlAgent>(options);
}

}  // namespace reprise
