// A small training run whose last rank fails in a way of its own.
#ifndef REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_
#define REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/comm/communicator.h"

namespace reprise {

struct FailedTraining {
  absl::Status status;
  // The training rows whose loss was made not finite, as the message lists
  // them.
  std::string rows;
};

// Collective. `fault`:
//   "nan": the losses of two samples of step 3 of epoch 2 are not numbers
//   "sink": the record of epoch 1 cannot be written
//   "throw": the loss of step 2 throws, as LibTorch does
//   "diverge": a learning rate of 1e30, on all ranks
FailedTraining TrainWithFault(absl::string_view fault,
                              Communicator& communicator);

}  // namespace reprise

#endif  // REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_
