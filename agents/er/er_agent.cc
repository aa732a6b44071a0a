#include "agents/er/er_agent.h"

#include <utility>

#include "agents/losses/cross_entropy.h"
#include "agents/rehearsal.h"
#include "core/base/state.h"

namespace reprise {
namespace {

class ErAgent final : public Agent {
 public:
  explicit ErAgent(std::unique_ptr<RehearsalBuffer> buffer)
      : buffer_(std::move(buffer)) {}

  std::string name() const override { return "er"; }

  absl::Status AugmentBatch(Batch& batch) override {
    return AppendRepresentatives(*buffer_, batch);
  }

  absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                  const Batch& batch) override {
    return BatchCrossEntropy(output.logits, batch);
  }

  absl::Status OnStepEnd(const Batch&) override { return buffer_->EndStep(); }

  absl::Status OnTaskEnd(const TaskContext&) override {
    return buffer_->Quiesce();
  }

  absl::Status SaveState(const StateWriter& state) override {
    return buffer_->SaveState(state.Scope("buffer"));
  }

  absl::Status LoadState(const StateReader& state,
                         const TaskContext&) override {
    return buffer_->LoadState(state.Scope("buffer"));
  }

  AgentReport Report() const override { return BufferReport(buffer_->Stats()); }

 private:
  const std::unique_ptr<RehearsalBuffer> buffer_;
};

}  // namespace

std::unique_ptr<Agent> MakeErAgent(std::unique_ptr<RehearsalBuffer> buffer) {
  return std::make_unique<ErAgent>(std::move(buffer));
}

}  // namespace reprise
