// A small training run one of whose ranks fails in a way of its own.
#ifndef REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_
#define REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "core/comm/communicator.h"

namespace reprise {

struct Fault {
  const char* name;
  // Where and what a message of several ranks says, with the failing rank
  // between the two; of one rank they follow each other.
  const char* place;
  const char* text;
  ExitCode exit_code;
  // All that are carried through on any rank; the next one, if begun, ends the
  // run.
  int steps;
};

// In 3 epochs of 6 steps; of the last rank where not said otherwise.
//   "nan": losses of step 3 of epoch 2 are not numbers
//   "nan_at_the_end": those of the very last step
//   "throw": the loss of step 2 throws, as LibTorch does
//   "backward": so does backward, as the last gradients arrive
//   "step_end": the agent's end of step 4
//   "epoch_end": the agent's end of step 6, the epoch's last
//   "step_record": the record of step 3 cannot be written
//   "sink": that of epoch 1 cannot
//   "test_record", "task_record", "run_record": those cannot
//   "two": "step_end", and "throw" in the next step of rank 0
const std::vector<Fault>& Faults();

// How the ranks train: "plain"; "fp16"; "parts" of a batch; "sync", where
// candidates of a step are taken in at its end, or not at all; "single", one
// sample a step, which rank 0 has, so that only it can fail in a loss.
inline constexpr const char* kWays[] = {"plain", "fp16", "parts", "sync",
                                        "single"};

struct FailedTraining {
  absl::Status status;
  int failing_rank = 0;
  // The training rows whose loss was made not finite, as the message lists
  // them; on the failing rank.
  std::string rows;
  int steps = 0;  // that the agent was told the end of
};

// Collective. `fault`: as above; or "diverge", a learning rate of 1e30 on all
// ranks; or "half_step_end": the agent's end of step 4 throws before the buffer
// has taken its candidates in. `way`: as above, or "adasum".
FailedTraining TrainWithFault(absl::string_view fault, absl::string_view way,
                              Communicator& communicator);

// What all ranks must say, up to what depends on the data.
std::string ExpectedMessage(const Fault& fault, int failing_rank,
                            int world_size);

}  // namespace reprise

#endif  // REPRISE_TESTS_INTEGRATION_FAILING_TRAINING_H_
