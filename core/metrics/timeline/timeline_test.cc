#include "core/metrics/timeline/timeline.h"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

absl::Time At(int64_t microseconds) {
  return absl::FromUnixMicros(1'700'000'000'000'000 + microseconds);
}

json Write(const std::vector<std::string>& packed,
           const std::vector<absl::Duration>& ahead) {
  const std::string file = testing::TempDir() + "/trace.json";
  REPRISE_EXPECT_OK(WriteChromeTrace(file, packed, ahead));
  const auto text = ReadWholeFile(file);
  REPRISE_EXPECT_OK(text.status());
  return json::parse(*text);
}

TEST(Timeline, PutsAllRanksOnTheClockOfRank0) {
  Timeline zero, one;
  zero.Add("compute", "forward", At(100), At(250));
  zero.Add("gradients", "AllReduce of 4 float32 (sum)", At(200), At(260));
  // The same moments, by a clock that is 5 ms ahead.
  one.Add("compute", "forward", At(5100), At(5250));
  const json trace = Write({zero.Packed(), one.Packed()},
                           {absl::ZeroDuration(), absl::Milliseconds(5)});
  std::vector<std::pair<int64_t, double>> forward;
  std::map<std::string, std::string> names;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "M") {
      const std::string name = event["args"]["name"];
      names[name] = event["name"];
    } else if (event["name"] == "forward") {
      EXPECT_EQ(event["ph"], "X");
      EXPECT_EQ(event["dur"], 150.0);
      forward.emplace_back(event["pid"], event["ts"]);
    } else {
      EXPECT_EQ(event["ts"], 100.0);
      EXPECT_EQ(event["dur"], 60.0);
    }
  }
  EXPECT_THAT(forward, UnorderedElementsAre(Pair(0, 0.0), Pair(1, 0.0)));
  EXPECT_EQ(names["rank 0"], "process_name");
  EXPECT_EQ(names["rank 1"], "process_name");
  EXPECT_EQ(names["gradients"], "thread_name");
}

// Viewers draw events of one row inside each other.
TEST(Timeline, GivesOverlappingEventsLanesOfTheirOwn) {
  Timeline timeline;
  timeline.Add("gradients", "b", At(5), At(20));
  timeline.Add("gradients", "a", At(0), At(10));
  timeline.Add("gradients", "c", At(10), At(30));
  const json trace = Write({timeline.Packed()}, {absl::ZeroDuration()});
  std::map<std::string, int64_t> lane;
  std::vector<std::string> rows;
  for (const json& event : trace["traceEvents"]) {
    if (event["ph"] == "X") {
      lane[event["name"]] = event["tid"];
    } else if (event["name"] == "thread_name") {
      rows.push_back(event["args"]["name"]);
    }
  }
  EXPECT_NE(lane["a"], lane["b"]);
  EXPECT_EQ(lane["a"], lane["c"]);
  EXPECT_THAT(rows, ElementsAre("gradients", "gradients 2"));
}

TEST(Timeline, CountsWhatItDoesNotKeep) {
  Timeline timeline(/*most=*/2);
  for (int i = 0; i < 5; ++i) timeline.Add("compute", "load", At(i), At(i + 1));
  EXPECT_EQ(timeline.dropped(), 3);
  EXPECT_EQ(json::parse(timeline.Packed()).size(), 2);
}

TEST(Timeline, OfNothingIsAnEmptyTrace) {
  const json trace = Write({Timeline().Packed()}, {absl::ZeroDuration()});
  EXPECT_EQ(trace["traceEvents"].size(), 1);  // the rank's name
}

}  // namespace
}  // namespace reprise
