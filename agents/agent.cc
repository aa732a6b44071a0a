#include "agents/agent.h"

namespace reprise {

Classifier LogitsClassifier() {
  return {"logits",
          [](const ModelOutput& output) -> std::optional<at::Tensor> {
            return output.logits;
          },
          /*scores_are_logits=*/true};
}

}  // namespace reprise
