#include "launch/sweep/sweep_display.h"

#include <fcntl.h>

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::HasSubstr;
using State = PointProgress::State;

// Two configurations of four seeds, the second at work.
SweepProgress AtWork() {
  SweepProgress progress;
  for (const char* agent : {"nil", "icarl"}) {
    for (const State state :
         {State::kDone, State::kDone, State::kFailed, State::kRunning}) {
      const auto point = static_cast<double>(progress.points.size());
      SweepPoint& named = progress.points.emplace_back();
      named.configuration = absl::StrCat("agent=", agent, ",epochs=12");
      named.name = absl::StrCat(named.configuration, ",seed=", point);
      PointProgress& one = progress.of_point.emplace_back();
      one.state = state;
      one.started = absl::UnixEpoch();
      one.measures.average_incremental_accuracy = 0.5 + 0.01 * point;
      one.measures.final_accuracy = 0.25 + 0.01 * point;
      one.measures.forgetting = 0.125 + 0.01 * point;
      one.measures.images_per_second = 12345 + point;
      one.measures.generated_data = true;
      one.measures.seconds = 60;
    }
  }
  return progress;
}

// What a live display of this width writes: one picture, and a second in its
// place.
std::string TwoPictures(int width) {
  const std::string path = absl::StrCat(testing::TempDir(), "/", width);
  const FileDescriptor terminal(
      open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  DisplayOptions options;
  options.fd = terminal.get();
  options.live = true;
  options.width = width;
  options.height = 24;
  options.now = [] { return absl::FromUnixSeconds(30); };
  SweepDisplay display(options);
  display.Started(AtWork(), 7);
  display.Refresh(AtWork());
  return ReadWholeFile(path).value();
}

// Letters, each a column wide; what steers the terminal is none.
size_t WidthOf(const std::string& line) {
  const std::string seen =
      std::regex_replace(line, std::regex("\x1b\\[[0-9]*[FJ]"), "");
  return std::count_if(seen.begin(), seen.end(),
                       [](char byte) { return (byte & 0xC0) != 0x80; });
}

TEST(SweepDisplay, DrawsNoLineThatWrapsAndTakesAllOfThemAwayAgain) {
  for (const int width : {100, 80, 60, 20}) {
    const std::string text = TwoPictures(width);
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    for (const std::string& line : lines) {
      EXPECT_LE(WidthOf(line), static_cast<size_t>(width)) << line;
    }
    // Both pictures have the same lines; behind the last nothing stands.
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\n\x1b[", (lines.size() - 1) / 2,
                                             "F\x1b[J")));
  }
}

TEST(SweepDisplay, LeavesMeasuresOutBeforeWhatIsDone) {
  EXPECT_THAT(TwoPictures(80),
              HasSubstr("0.5050 ± 0.0071  2 of 4 done, 1 failed, 1 running\n"));
  EXPECT_THAT(TwoPictures(80),
              HasSubstr("agent=icarl..  0.5450 ± 0.0071  2 of"));
  EXPECT_THAT(TwoPictures(60), HasSubstr("2 of 4 done, 1 failed, 1 running\n"));
  EXPECT_THAT(TwoPictures(80), HasSubstr("(too narrow for: final, "));
}

}  // namespace
}  // namespace reprise
