// Where this process is in its run: task, epoch, step and phase, written by the
// training thread whenever one of them changes, and read by whoever must tell
// of it should the run end there: a signal handler, another thread, a child
// process (the page is shared over fork, so that a child can tell the position
// of a parent that has been killed).
#ifndef REPRISE_CORE_BASE_RUN_POSITION_H_
#define REPRISE_CORE_BASE_RUN_POSITION_H_

#include <cstddef>
#include <cstdint>

#include "core/base/phase.h"

namespace reprise {

struct RunPosition {
  // Counted from 1. Task 0: before the first task; step 0: between the steps of
  // two epochs.
  int64_t task = 0, epoch = 0, step = 0;
  Phase phase = Phase::kOther;
  // Since when in this phase: std::chrono::steady_clock's nanoseconds, which
  // all processes of a host share.
  int64_t since_ns = 0;
};

// By one thread at a time (of ranks that are threads of one process, as in
// tests, each overwrites the others'). A few stores: never waits, no lock.
void SetRunStep(int64_t task, int64_t epoch, int64_t step);
void SetRunPhase(Phase phase);

// A position as it was at one moment, all fields of one writing. From any
// thread, from a signal handler (of the writing thread, too) and from a child
// that was forked after PrepareRunPosition. Never waits for the writer.
RunPosition ReadRunPosition();

// How long the position's phase has lasted, in nanoseconds.
int64_t NanosecondsInPhase(const RunPosition& position);

// Makes what forked children read. Aborts if there is no memory.
void PrepareRunPosition();

// "task 2, epoch 1, step 30, backward" into `text`, cut to `size` bytes with
// the closing zero; nothing before the first task; no step where it is 0, no
// phase where it is kOther. Returns the length. For signal handlers, too.
inline constexpr size_t kLongestRunPosition = 128;
size_t PrintRunPosition(const RunPosition& position, char* text, size_t size);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_RUN_POSITION_H_
