// What the training thread of a rank is doing.
#ifndef REPRISE_CORE_BASE_PHASE_H_
#define REPRISE_CORE_BASE_PHASE_H_

namespace reprise {

enum class Phase {
  kLoad,           // batch preparation
  kRehearsalWait,  // drawing representatives, waiting for their exchange
  kForward,        // forward pass and loss
  kBackward,
  kReductionWait,  // after backward, until the last bucket is reduced
  kOptimizer,
  kBufferUpdate,  // offering candidates
  kEvaluation,
  kOther,  // task preparation, herding, results
};
inline constexpr int kNumPhases = 9;

// "load", "rehearsal_wait", ...; a string that lives for ever.
const char* PhaseName(Phase phase);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_PHASE_H_
