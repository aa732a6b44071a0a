#include "agents/er/er_agent.h"

#include <vector>

#include "agents/buffer_report.h"
#include "agents/losses/cross_entropy.h"
#include "core/base/status.h"
#include "core/buffer/reservoir_buffer.h"

namespace reprise {
namespace {

class ErAgent final : public Agent {
 public:
  explicit ErAgent(const ErOptions& options)
      : representatives_(options.representatives),
        buffer_({options.num_classes, options.representatives_per_class,
                 options.row_bytes, options.seed, options.rank}) {}

  std::string name() const override { return "er"; }
  int64_t max_appended() const override { return representatives_; }

  absl::Status AugmentBatch(Batch& batch) override {
    REPRISE_ASSIGN_OR_RETURN(
        const std::vector<Sample> drawn,
        buffer_.Sample(representatives_, batch.task, batch.step_of_task));
    for (size_t i = 0; i < drawn.size(); ++i) {
      batch.Append(drawn[i], 1.0f,
                   batch.first_appended_position + static_cast<int64_t>(i));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LossResult> Loss(const ModelOutput& output, const Batch& batch,
                                  double gradient_scale) override {
    return BatchCrossEntropy(output.logits, batch, gradient_scale);
  }

  absl::Status OnStepEnd(const Batch& batch) override {
    const std::vector<Sample> incoming(batch.samples.begin(),
                                       batch.samples.begin() + batch.incoming);
    return buffer_.Insert(incoming, batch.task, batch.step_of_task);
  }

  AgentReport Report() const override { return BufferReport(buffer_.State()); }

 private:
  const int64_t representatives_;
  ReservoirBuffer buffer_;
};

}  // namespace

std::unique_ptr<Agent> MakeErAgent(const ErOptions& options) {
  return std::make_unique<ErAgent>(options);
}

}  // namespace reprise
