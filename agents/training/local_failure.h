// What becomes of a failure that one rank alone has, in the middle of an epoch.
//
// The other ranks learn of it without being asked: the rank goes on with them
// to the next sum of gradients that has not gone yet, which shows that one of
// them has failed (GradientReducer::Fail), and there they ask which. So a step
// without a failure costs no collective for it.
#ifndef REPRISE_AGENTS_TRAINING_LOCAL_FAILURE_H_
#define REPRISE_AGENTS_TRAINING_LOCAL_FAILURE_H_

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "core/comm/communicator.h"

namespace reprise {

// Not thread-safe.
class LocalFailure {
 public:
  // `tell`: makes the next sum of gradients show it; nullptr where there is no
  // such sum (Adasum's): then a failure ends the run where it is met. So it
  // does at one rank.
  LocalFailure(Communicator& communicator, std::function<void()> tell)
      : communicator_(communicator), tell_(std::move(tell)) {}

  // Remembers the first one, with its step (from 0), and gives OK to go on
  // with; or gives it back.
  absl::Status Keep(int64_t step_of_epoch, const absl::Status& local);

  // Why a step or what follows it has failed. Collective where `failure` is of
  // all ranks: what a rank has kept came before it, and is what it comes of.
  absl::Status CauseOf(const absl::Status& failure);

  // Collective: what any rank has kept, for all of them.
  absl::Status Agree();

 private:
  Communicator& communicator_;
  const std::function<void()> tell_;
  absl::Status kept_;
};

}  // namespace reprise

#endif  // REPRISE_AGENTS_TRAINING_LOCAL_FAILURE_H_
