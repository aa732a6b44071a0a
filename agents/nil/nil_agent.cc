#include "agents/nil/nil_agent.h"

#include <utility>
#include <vector>

#include "agents/buffer_report.h"
#include "agents/losses/cross_entropy.h"
#include "core/base/status.h"
#include "core/buffer/candidate_selection.h"
#include "core/buffer/class_weights.h"
#include "core/buffer/local_buffer.h"

namespace reprise {
namespace {

class NilAgent final : public Agent {
 public:
  explicit NilAgent(const NilOptions& options)
      : options_(options),
        buffer_({options.num_classes, options.representatives_per_class,
                 options.row_bytes, options.seed, options.rank}),
        class_weights_(options.num_classes, 1.0) {}

  std::string name() const override { return "nil"; }
  int64_t max_appended() const override { return options_.representatives; }

  absl::Status AugmentBatch(Batch& batch) override {
    REPRISE_ASSIGN_OR_RETURN(const std::vector<Sample> drawn,
                             buffer_.Sample(options_.representatives,
                                            batch.task, batch.step_of_task));
    for (size_t i = 0; i < drawn.size(); ++i) {
      batch.Append(drawn[i], static_cast<float>(class_weights_[drawn[i].label]),
                   batch.first_appended_position + static_cast<int64_t>(i));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<LossResult> Loss(const ModelOutput& output, const Batch& batch,
                                  double gradient_scale) override {
    return BatchCrossEntropy(output.logits, batch, gradient_scale);
  }

  absl::Status OnStepEnd(const Batch& batch) override {
    std::vector<Sample> candidates;
    for (const int64_t i :
         SelectCandidates(batch.incoming, options_.candidates,
                          {options_.seed, Purpose::kCandidateDraw,
                           static_cast<uint32_t>(batch.task),
                           static_cast<uint32_t>(batch.step_of_task),
                           static_cast<uint32_t>(options_.rank)})) {
      candidates.push_back(batch.samples[i]);
    }
    REPRISE_RETURN_IF_ERROR(
        buffer_.Insert(candidates, batch.task, batch.step_of_task));
    const BufferState state = buffer_.State();
    class_weights_ = ClassWeights(options_.batch_size, options_.candidates,
                                  state.class_count, state.stored);
    return absl::OkStatus();
  }

  AgentReport Report() const override {
    AgentReport report = BufferReport(buffer_.State());
    report.by_class["class_weight"] = class_weights_;
    return report;
  }

 private:
  const NilOptions options_;
  LocalBuffer buffer_;
  std::vector<double> class_weights_;  // [K]
};

}  // namespace

std::unique_ptr<Agent> MakeNilAgent(const NilOptions& options) {
  return std::make_unique<NilAgent>(options);
}

}  // namespace reprise
