#include "launch/sweep/sweep_display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "launch/report/table/text_table.h"
#include "launch/sweep/sweep_table.h"

namespace reprise {
namespace {

// A line that wraps would stand in more rows than are taken away again.
std::string WithinWidth(const std::string& text, int width) {
  if (width <= 0) return text;
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  for (std::string& line : lines) line = CutToWidth(line, width);
  return absl::StrJoin(lines, "\n");
}

}  // namespace

DisplayOptions DetectDisplay(int fd) {
  DisplayOptions options;
  options.fd = fd;
  const std::string terminal = GetEnv("TERM");
  options.live = isatty(fd) == 1 && !terminal.empty() && terminal != "dumb";
  winsize size;
  if (options.live && ioctl(fd, TIOCGWINSZ, &size) == 0) {
    options.width = size.ws_col;
    options.height = size.ws_row;
  }
  return options;
}

void SweepDisplay::Started(const SweepProgress& progress, size_t point) {
  if (options_.live) return Draw(progress);
  Print(absl::StrCat(progress.points[point].name, ": started"));
}

void SweepDisplay::Ended(const SweepProgress& progress, size_t point) {
  const std::string& name = progress.points[point].name;
  const PointProgress& ended = progress.of_point[point];
  const std::string rest =
      absl::StrCat("(", ProgressLine(progress, options_.now()), ")");
  if (ended.state == PointProgress::State::kFailed) {
    Print(absl::StrCat(name, ": FAILED, ", ended.end,
                       ended.error_line.empty() ? "" : ": ", ended.error_line,
                       "; all it wrote: ", ended.log, " ", rest));
  } else if (!options_.live) {
    Print(absl::StrFormat("%s: done in %.1f s %s", name, ended.measures.seconds,
                          rest));
  }
  if (options_.live) Draw(progress);
}

void SweepDisplay::Refresh(const SweepProgress& progress) {
  if (options_.live) Draw(progress);
}

void SweepDisplay::Print(absl::string_view line) {
  Erase();
  Write(absl::StrCat(line, "\n"));
}

void SweepDisplay::Finish(const SweepProgress& progress) {
  Erase();
  Write(absl::StrCat("\n", TableText(RowsOf(progress), options_.width), "\n"));
}

void SweepDisplay::Draw(const SweepProgress& progress) {
  const std::string line = absl::StrCat(
      ProgressLine(progress, options_.now()), ", ",
      progress.Count(PointProgress::State::kRunning), " running\n");
  std::string text =
      absl::StrCat(TableText(RowsOf(progress), options_.width), line);
  // What has scrolled away cannot be redrawn.
  if (options_.height > 0 &&
      std::count(text.begin(), text.end(), '\n') >= options_.height) {
    text = line;
  }
  text = WithinWidth(text, options_.width);
  Erase();
  Write(text);
  lines_ = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

void SweepDisplay::Erase() {
  if (lines_ > 0) Write(absl::StrFormat("\033[%dF\033[J", lines_));
  lines_ = 0;
}

void SweepDisplay::Write(absl::string_view text) const {
  WriteFully(options_.fd, text, "terminal").IgnoreError();
}

}  // namespace reprise
