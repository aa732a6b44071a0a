// An agent between the training loop and another agent: shows a test what goes
// through the hooks, and lets it interfere.
#ifndef REPRISE_TESTS_INTEGRATION_OBSERVED_AGENT_H_
#define REPRISE_TESTS_INTEGRATION_OBSERVED_AGENT_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "agents/agent.h"
#include "agents/batch.h"
#include "core/base/state.h"
#include "core/base/status.h"

namespace reprise {

class ObservedAgent final : public Agent {
 public:
  explicit ObservedAgent(std::unique_ptr<Agent> agent)
      : agent_(std::move(agent)) {}

  // Called where set, before each hook of the agent inside, with the hook's
  // name; what is not OK is the hook's result in its place.
  std::function<absl::Status(absl::string_view hook)> before;
  // Called where set, after the hook of the agent inside.
  std::function<void(const TaskContext&, const TaskPlan&)> after_task_start;
  std::function<void(Batch&)> after_augment;
  std::function<void(const Batch&, LossResult&)> after_loss;
  std::function<void(const Batch&)> after_step;
  std::function<void(const TaskContext&, const std::vector<Classifier>&)>
      after_classifiers;

  Agent& inside() { return *agent_; }

  std::string name() const override { return agent_->name(); }
  absl::StatusOr<TaskPlan> OnTaskStart(const TaskContext& context) override {
    REPRISE_RETURN_IF_ERROR(Before("OnTaskStart"));
    REPRISE_ASSIGN_OR_RETURN(TaskPlan plan, agent_->OnTaskStart(context));
    if (after_task_start) after_task_start(context, plan);
    return plan;
  }
  absl::Status AugmentBatch(Batch& batch) override {
    REPRISE_RETURN_IF_ERROR(Before("AugmentBatch"));
    REPRISE_RETURN_IF_ERROR(agent_->AugmentBatch(batch));
    if (after_augment) after_augment(batch);
    return absl::OkStatus();
  }
  absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                  const Batch& batch) override {
    REPRISE_RETURN_IF_ERROR(Before("Loss"));
    REPRISE_ASSIGN_OR_RETURN(LossResult loss, agent_->Loss(output, batch));
    if (after_loss) after_loss(batch, loss);
    return loss;
  }
  absl::Status OnStepEnd(const Batch& batch) override {
    // Whose failure leaves what ranks share as it is after success.
    const absl::Status before = Before("OnStepEnd");
    REPRISE_RETURN_IF_ERROR(agent_->OnStepEnd(batch));
    REPRISE_RETURN_IF_ERROR(before);
    if (after_step) after_step(batch);
    return absl::OkStatus();
  }
  absl::Status OnTaskEnd(const TaskContext& context) override {
    REPRISE_RETURN_IF_ERROR(Before("OnTaskEnd"));
    return agent_->OnTaskEnd(context);
  }
  absl::StatusOr<std::vector<Classifier>> Classifiers(
      const TaskContext& context) override {
    REPRISE_RETURN_IF_ERROR(Before("Classifiers"));
    REPRISE_ASSIGN_OR_RETURN(std::vector<Classifier> classifiers,
                             agent_->Classifiers(context));
    if (after_classifiers) after_classifiers(context, classifiers);
    return classifiers;
  }
  absl::Status SaveState(const StateWriter& state) override {
    return agent_->SaveState(state);
  }
  absl::Status LoadState(const StateReader& state,
                         const TaskContext& context) override {
    return agent_->LoadState(state, context);
  }
  bool loss_splits() const override { return agent_->loss_splits(); }
  AgentReport Report() const override { return agent_->Report(); }

 private:
  absl::Status Before(absl::string_view hook) {
    return before ? before(hook) : absl::OkStatus();
  }

  const std::unique_ptr<Agent> agent_;
};

}  // namespace reprise

#endif  // REPRISE_TESTS_INTEGRATION_OBSERVED_AGENT_H_
