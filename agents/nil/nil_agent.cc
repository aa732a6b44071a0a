#include "agents/nil/nil_agent.h"

#include <utility>
#include <vector>

#include "agents/losses/cross_entropy.h"
#include "agents/rehearsal.h"
#include "core/base/state.h"
#include "core/buffer/class_weights.h"

namespace reprise {
namespace {

class NilAgent final : public Agent {
 public:
  NilAgent(const NilOptions& options, std::unique_ptr<RehearsalBuffer> buffer)
      : options_(options), buffer_(std::move(buffer)) {}

  std::string name() const override { return "nil"; }

  absl::Status AugmentBatch(Batch& batch) override {
    return AppendRepresentatives(*buffer_, batch,
                                 [this](const std::vector<int64_t>& class_count,
                                        const std::vector<int64_t>& stored) {
                                   return ClassWeights(options_.batch_size,
                                                       options_.candidates,
                                                       class_count, stored);
                                 });
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

  AgentReport Report() const override {
    const BufferStats stats = buffer_->Stats();
    AgentReport report = BufferReport(stats);
    report.by_class["class_weight"] =
        ClassWeights(options_.batch_size, options_.candidates,
                     stats.class_count, stats.stored);
    return report;
  }

 private:
  const NilOptions options_;
  const std::unique_ptr<RehearsalBuffer> buffer_;
};

}  // namespace

std::unique_ptr<Agent> MakeNilAgent(const NilOptions& options,
                                    std::unique_ptr<RehearsalBuffer> buffer) {
  return std::make_unique<NilAgent>(options, std::move(buffer));
}

}  // namespace reprise
