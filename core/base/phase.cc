#include "core/base/phase.h"

namespace reprise {

const char* PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kLoad:
      return "load";
    case Phase::kRehearsalWait:
      return "rehearsal_wait";
    case Phase::kForward:
      return "forward";
    case Phase::kBackward:
      return "backward";
    case Phase::kReductionWait:
      return "reduction_wait";
    case Phase::kOptimizer:
      return "optimizer";
    case Phase::kBufferUpdate:
      return "buffer_update";
    case Phase::kEvaluation:
      return "evaluation";
    case Phase::kOther:
      return "other";
  }
  return "unknown";
}

}  // namespace reprise
