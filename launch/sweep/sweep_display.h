// What a person sees of a sweep at work: on a terminal the table and the
// progress below it, redrawn in place; elsewhere a line whenever a point begins
// or ends.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_DISPLAY_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_DISPLAY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "launch/sweep/sweep_progress.h"

namespace reprise {

struct DisplayOptions {
  int fd = 1;                 // not owned
  bool live = false;          // `fd` is a terminal that can redraw
  int width = 0, height = 0;  // of a live one; 0: not known
  absl::Time (*now)() = absl::Now;
};

// `live` for a terminal unless TERM is unset or "dumb".
DisplayOptions DetectDisplay(int fd);

// Not thread-safe. A terminal that has gone away shows nothing: the sweep goes
// on.
class SweepDisplay {
 public:
  explicit SweepDisplay(const DisplayOptions& options) : options_(options) {}
  SweepDisplay(const SweepDisplay&) = delete;
  ~SweepDisplay() { Erase(); }

  void Started(const SweepProgress& progress, size_t point);
  void Ended(const SweepProgress& progress, size_t point);
  // Now and then: what changes by time alone.
  void Refresh(const SweepProgress& progress);

  // A lasting line.
  void Print(absl::string_view line);
  // The table as it is at the end, lasting.
  void Finish(const SweepProgress& progress);

 private:
  void Draw(const SweepProgress& progress);
  void Erase();
  void Write(absl::string_view text) const;

  const DisplayOptions options_;
  int lines_ = 0;  // that stand there and are to be replaced
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_DISPLAY_H_
