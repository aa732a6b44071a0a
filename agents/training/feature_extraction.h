// Features of stored rows by the network as it is: for herding and class means.
#ifndef REPRISE_AGENTS_TRAINING_FEATURE_EXTRACTION_H_
#define REPRISE_AGENTS_TRAINING_FEATURE_EXTRACTION_H_

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/training/batch_input.h"
#include "core/comm/communicator.h"
#include "data/dataset.h"
#include "models/model.h"

namespace reprise {

// Collective: [rows.size(), D] fp32 in host memory, in evaluation mode, not
// augmented. Rows are passed in fixed chunks of 256, whole chunks per rank, so
// the result does not depend on the number of ranks; one all-gather of
// 4 D ceil(chunks / W) 256 bytes per rank. The ranks pass the same rows.
absl::StatusOr<at::Tensor> ExtractFeatures(Model& model,
                                           const BatchInput& input,
                                           const Dataset& dataset,
                                           const std::vector<int64_t>& rows,
                                           Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_FEATURE_EXTRACTION_H_
