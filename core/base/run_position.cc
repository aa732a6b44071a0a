#include "core/base/run_position.h"

#include <sys/mman.h>

#include <atomic>
#include <chrono>
#include <new>

#include "core/base/check.h"
#include "core/base/signal_safe_text.h"

namespace reprise {
namespace {

struct Slot {
  std::atomic<int64_t> task{0}, epoch{0}, step{0};
  std::atomic<int64_t> phase{static_cast<int64_t>(Phase::kOther)};
  std::atomic<int64_t> since_ns{0};
};

// Position number n lies in slot n % kSlots. The writer fills the slot after
// the current one, so a reader has the time of several writings to copy its
// slot, and tells by the number whether that was enough.
constexpr uint64_t kSlots = 8;
struct Board {
  std::atomic<uint64_t> current{0};
  Slot slots[kSlots];
};
static_assert(std::atomic<int64_t>::is_always_lock_free);

Board& TheBoard() {
  static Board& board = *[] {
    void* const page =
        mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, /*fd=*/-1, /*offset=*/0);
    REPRISE_CHECK(page != MAP_FAILED) << "no memory for the run's position";
    return new (page) Board;
  }();
  return board;
}

int64_t SteadyNanoseconds() {
  return std::chrono::nanoseconds(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

RunPosition Copied(const Slot& slot) {
  RunPosition position;
  position.task = slot.task.load(std::memory_order_relaxed);
  position.epoch = slot.epoch.load(std::memory_order_relaxed);
  position.step = slot.step.load(std::memory_order_relaxed);
  position.phase =
      static_cast<Phase>(slot.phase.load(std::memory_order_relaxed));
  position.since_ns = slot.since_ns.load(std::memory_order_relaxed);
  return position;
}

void Write(const RunPosition& position) {
  Board& board = TheBoard();
  const uint64_t next = board.current.load(std::memory_order_relaxed) + 1;
  // No store of this writing may be seen before the number of the last one.
  std::atomic_thread_fence(std::memory_order_release);
  Slot& slot = board.slots[next % kSlots];
  slot.task.store(position.task, std::memory_order_relaxed);
  slot.epoch.store(position.epoch, std::memory_order_relaxed);
  slot.step.store(position.step, std::memory_order_relaxed);
  slot.phase.store(static_cast<int64_t>(position.phase),
                   std::memory_order_relaxed);
  slot.since_ns.store(position.since_ns, std::memory_order_relaxed);
  board.current.store(next, std::memory_order_release);
}

}  // namespace

void PrepareRunPosition() { TheBoard(); }

void SetRunStep(int64_t task, int64_t epoch, int64_t step) {
  RunPosition position = ReadRunPosition();
  position.task = task;
  position.epoch = epoch;
  position.step = step;
  Write(position);
}

void SetRunPhase(Phase phase) {
  RunPosition position = ReadRunPosition();
  position.phase = phase;
  position.since_ns = SteadyNanoseconds();
  Write(position);
}

RunPosition ReadRunPosition() {
  const Board& board = TheBoard();
  while (true) {
    const uint64_t number = board.current.load(std::memory_order_acquire);
    const RunPosition position = Copied(board.slots[number % kSlots]);
    std::atomic_thread_fence(std::memory_order_acquire);
    // The slot is written again once kSlots - 1 others have been.
    if (board.current.load(std::memory_order_relaxed) - number < kSlots - 1) {
      return position;
    }
  }
}

int64_t NanosecondsInPhase(const RunPosition& position) {
  return SteadyNanoseconds() - position.since_ns;
}

size_t PrintRunPosition(const RunPosition& position, char* text, size_t size) {
  SignalSafeText out(text, size);
  if (position.task == 0) return out.get().size();
  out.Add("task ");
  out.Add(position.task);
  if (position.epoch > 0) {
    out.Add(", epoch ");
    out.Add(position.epoch);
  }
  if (position.step > 0) {
    out.Add(", step ");
    out.Add(position.step);
  }
  if (position.phase != Phase::kOther) {
    out.Add(", ");
    out.Add(PhaseName(position.phase));
  }
  return out.get().size();
}

}  // namespace reprise
