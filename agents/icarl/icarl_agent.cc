#include "agents/icarl/icarl_agent.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "agents/icarl/exemplar_heads.h"
#include "agents/icarl/exemplar_state.h"
#include "agents/losses/distillation.h"
#include "core/base/dtype.h"
#include "core/base/state.h"
#include "core/base/status.h"
#include "core/tensor/feature_rows.h"
#include "core/tensor/herding.h"
#include "core/tensor/nearest_mean.h"
#include "core/tensor/sigmoid_distillation.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

class IcarlAgent final : public Agent {
 public:
  explicit IcarlAgent(const IcarlOptions& options)
      : options_(options),
        roles_(options.num_classes, ClassRole::kUnseen),
        exemplars_(options.num_classes) {}

  std::string name() const override { return "icarl"; }

  absl::StatusOr<TaskPlan> OnTaskStart(const TaskContext& context) override {
    TaskPlan plan;
    previous_ = nullptr;
    for (ClassRole& role : roles_) {
      if (role == ClassRole::kNew) role = ClassRole::kOld;
    }
    for (const int64_t c : context.spec.classes) roles_[c] = ClassRole::kNew;
    for (int64_t c = 0; c < options_.num_classes; ++c) {
      if (roles_[c] == ClassRole::kOld && previous_ == nullptr) {
        previous_ = context.snapshot();
      }
      // Of a class that comes again, those that are not the task's own.
      for (const int64_t row : exemplars_[c]) {
        if (!std::binary_search(context.spec.train_indices.begin(),
                                context.spec.train_indices.end(), row)) {
          plan.extra_training_indices.push_back(row);
        }
      }
    }
    herded_ = false;
    return plan;
  }

  absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                  const Batch& batch) override {
    at::Tensor previous;
    const absl::Status status = CatchTorch("the former network", [&] {
      if (previous_ == nullptr) return absl::OkStatus();
      c10::AutoGradMode no_grad(false);
      previous = previous_->Forward(batch.input, ForwardContext{}).logits;
      return absl::OkStatus();
    });
    REPRISE_RETURN_IF_ERROR(status);
    return BatchSigmoidDistillation(output.logits, previous, batch, roles_);
  }

  absl::Status OnTaskEnd(const TaskContext& context) override {
    std::vector<std::vector<int64_t>> rows =
        RowsByClass(context, options_.num_classes);
    const int64_t m = ExemplarsPerClass();
    for (int64_t c = 0; c < options_.num_classes; ++c) {
      if (roles_[c] != ClassRole::kNew) {
        const int64_t kept =
            std::min(m, static_cast<int64_t>(exemplars_[c].size()));
        exemplars_[c].resize(kept);
        continue;
      }
      // A class met before is chosen from its exemplars, too.
      std::vector<int64_t>& candidates = rows[c];
      candidates.insert(candidates.end(), exemplars_[c].begin(),
                        exemplars_[c].end());
      std::sort(candidates.begin(), candidates.end());
      candidates.erase(std::unique(candidates.begin(), candidates.end()),
                       candidates.end());
      REPRISE_ASSIGN_OR_RETURN(const at::Tensor features,
                               context.features(candidates));
      const int64_t n = features.size(0), d = features.size(1);
      NormalizeRows(features.data_ptr<float>(), n, d);
      exemplars_[c].clear();
      for (const int64_t i :
           HerdingOrder(features.data_ptr<float>(), n, d, m)) {
        exemplars_[c].push_back(candidates[i]);
      }
    }
    herded_ = true;
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Classifier>> Classifiers(
      const TaskContext& context) override {
    std::vector<bool> seen;
    for (const ClassRole role : roles_) {
      seen.push_back(role != ClassRole::kUnseen);
    }
    const bool answers = herded_ || context.task > 0;
    std::vector<std::vector<double>> means(options_.num_classes);
    if (answers) {
      std::vector<std::vector<int64_t>> rows = exemplars_;
      if (!herded_) {
        auto own = RowsByClass(context, options_.num_classes);
        for (size_t c = 0; c < rows.size(); ++c) {
          if (roles_[c] == ClassRole::kNew) rows[c] = std::move(own[c]);
        }
      }
      REPRISE_ASSIGN_OR_RETURN(means,
                               MeansOfRows(context, rows, FeatureNorm::kL2));
    }
    return std::vector<Classifier>{
        NearestMeanClassifier(std::move(means), FeatureNorm::kL2, answers),
        SeenLogitsClassifier(std::move(seen))};
  }

  absl::Status SaveState(const StateWriter& state) override {
    std::vector<int32_t> roles;
    for (const ClassRole role : roles_) {
      roles.push_back(static_cast<int32_t>(role));
    }
    state.Put("roles", roles);
    state.Put("exemplars", exemplars_);
    state.Put("herded", herded_);
    if (previous_ != nullptr) previous_->SaveState(state.Scope("previous"));
    return absl::OkStatus();
  }

  absl::Status LoadState(const StateReader& state,
                         const TaskContext& context) override {
    std::vector<int32_t> roles(options_.num_classes);
    REPRISE_RETURN_IF_ERROR(state.GetArray(
        "roles", DType::kInt32, {options_.num_classes}, roles.data()));
    bool has_old = false;
    for (int64_t c = 0; c < options_.num_classes; ++c) {
      if (roles[c] < 0 || roles[c] > static_cast<int32_t>(ClassRole::kNew)) {
        return state.Error(absl::StrCat("roles: class ", c,
                                        ": expected a role, found ", roles[c]));
      }
      roles_[c] = static_cast<ClassRole>(roles[c]);
      has_old = has_old || roles_[c] == ClassRole::kOld;
    }
    if (has_old != state.Has("previous")) {
      return state.Error(absl::StrCat(
          "previous: expected a network where a class is old, found ",
          has_old ? "none" : "one without"));
    }
    REPRISE_RETURN_IF_ERROR(
        LoadExemplars(state, "exemplars", context, &exemplars_));
    REPRISE_RETURN_IF_ERROR(state.Get("herded", &herded_));
    return LoadPrevious(state, context, &previous_);
  }

  AgentReport Report() const override {
    AgentReport report;
    for (const std::vector<int64_t>& rows : exemplars_) {
      report.by_class["exemplars"].push_back(static_cast<double>(rows.size()));
    }
    return report;
  }

 private:
  // m of the paper, before it is cut to the size of a class.
  int64_t ExemplarsPerClass() const {
    const int64_t seen =
        static_cast<int64_t>(roles_.size()) -
        std::count(roles_.begin(), roles_.end(), ClassRole::kUnseen);
    return options_.representatives_per_class * options_.num_classes /
           std::max<int64_t>(seen, 1);
  }

  const IcarlOptions options_;
  std::vector<ClassRole> roles_;                 // [K]
  std::vector<std::vector<int64_t>> exemplars_;  // [K], in herding order
  bool herded_ = false;  // whether this task's classes have exemplars
  std::unique_ptr<Model> previous_;  // nullptr where no class is old
};

}  // namespace

std::unique_ptr<Agent> MakeIcarlAgent(const IcarlOptions& options) {
  return std::make_unique<IcarlAgent>(options);
}

}  // namespace reprise
