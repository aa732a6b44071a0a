// What a step's forward pass tells about the network: losses and correct
// answers, for the reports of an epoch.
#ifndef REPRISE_AGENTS_TRAINING_STEP_METER_H_
#define REPRISE_AGENTS_TRAINING_STEP_METER_H_

#include <ATen/core/Tensor.h>

#include "absl/status/status.h"
#include "agents/agent.h"
#include "agents/batch.h"
#include "core/metrics/meters.h"

namespace reprise {

// Adds the batch to the epoch's meter. `logits`: [n, K]. OutOfRangeError that
// names samples whose loss is not finite, once they are added.
absl::Status AddToMeter(const Batch& batch, const LossResult& loss,
                        const at::Tensor& logits, TrainMeter* meter);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_STEP_METER_H_
