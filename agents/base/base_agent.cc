#include "agents/base/base_agent.h"

#include "agents/losses/cross_entropy.h"

namespace reprise {
namespace {

class BaseAgent final : public Agent {
 public:
  std::string name() const override { return "base"; }

  absl::StatusOr<LossResult> Loss(const ModelOutput& output,
                                  const Batch& batch) override {
    return BatchCrossEntropy(output.logits, batch);
  }
};

}  // namespace

std::unique_ptr<Agent> MakeBaseAgent() { return std::make_unique<BaseAgent>(); }

}  // namespace reprise
