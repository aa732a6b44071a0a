#include "launch/sweep/sweep_progress.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace reprise {
namespace {

using State = PointProgress::State;

// By the mean time of those that are done. nullopt: none is, or all have ended.
std::optional<absl::Duration> TimeLeft(const SweepProgress& progress,
                                       absl::Time now) {
  double seconds = 0;
  int64_t done = 0;
  for (const PointProgress& point : progress.of_point) {
    if (point.state != State::kDone) continue;
    seconds += point.measures.seconds;
    ++done;
  }
  if (done == 0) return std::nullopt;
  const double mean = seconds / static_cast<double>(done);
  double left = 0;
  int64_t open = 0;
  for (const PointProgress& point : progress.of_point) {
    if (point.state == State::kWaiting) left += mean;
    if (point.state == State::kRunning) {
      left += std::max(0.0, mean - absl::ToDoubleSeconds(now - point.started));
    }
    open += point.state == State::kWaiting || point.state == State::kRunning;
  }
  if (open == 0) return std::nullopt;
  return absl::Seconds(left /
                       static_cast<double>(std::min(open, progress.parallel)));
}

}  // namespace

int64_t SweepProgress::Count(PointProgress::State state) const {
  return std::count_if(
      of_point.begin(), of_point.end(),
      [state](const PointProgress& point) { return point.state == state; });
}

std::string AboutText(absl::Duration duration) {
  const double seconds = absl::ToDoubleSeconds(duration);
  if (seconds < 90) {
    return absl::StrFormat("about %d s", std::llround(std::max(1.0, seconds)));
  }
  if (seconds < 90 * 60) {
    return absl::StrFormat("about %d min", std::llround(seconds / 60));
  }
  return absl::StrFormat("about %.1f h", seconds / 3600);
}

std::string ProgressLine(const SweepProgress& progress, absl::Time now) {
  std::string line = absl::StrCat(progress.Count(State::kDone), " of ",
                                  progress.of_point.size(), " done");
  const int64_t failed = progress.Count(State::kFailed);
  if (failed > 0) absl::StrAppend(&line, ", ", failed, " failed");
  const std::optional<absl::Duration> left = TimeLeft(progress, now);
  if (left.has_value()) absl::StrAppend(&line, ", ", AboutText(*left), " left");
  return line;
}

}  // namespace reprise
