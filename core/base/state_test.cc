#include "core/base/state.h"

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(State, WhatIsPutComesBackInItsScope) {
  State state;
  const StateWriter writer(&state);
  writer.Put("steps", int64_t{7});
  writer.Put("loss", 0.1);
  writer.Put("herded", true);
  const StateWriter inner = writer.Scope("agent");
  inner.Put("steps", std::vector<int64_t>{1, -2});
  inner.Put("labels", std::vector<int32_t>{3});
  inner.Put("none", std::vector<double>{});
  inner.Scope("rows").Put("bytes", std::vector<uint8_t>{0, 255});

  const StateReader reader(&state);
  int64_t steps = 0;
  double loss = 0;
  bool herded = false;
  REPRISE_ASSERT_OK(reader.Get("steps", &steps));
  REPRISE_ASSERT_OK(reader.Get("loss", &loss));
  REPRISE_ASSERT_OK(reader.Get("herded", &herded));
  EXPECT_EQ(steps, 7);
  EXPECT_EQ(loss, 0.1);
  EXPECT_TRUE(herded);
  const StateReader agent = reader.Scope("agent");
  std::vector<int64_t> counts;
  std::vector<int32_t> labels;
  std::vector<double> none = {1};
  std::vector<uint8_t> bytes;
  REPRISE_ASSERT_OK(agent.Get("steps", &counts));
  REPRISE_ASSERT_OK(agent.Get("labels", &labels));
  REPRISE_ASSERT_OK(agent.Get("none", &none));
  REPRISE_ASSERT_OK(agent.Scope("rows").Get("bytes", &bytes));
  EXPECT_THAT(counts, ElementsAre(1, -2));
  EXPECT_THAT(labels, ElementsAre(3));
  EXPECT_THAT(none, IsEmpty());
  EXPECT_THAT(bytes, ElementsAre(0, 255));
  REPRISE_EXPECT_OK(reader.CheckAllRead());
}

TEST(State, RowsMayHaveAnyLengths) {
  State state;
  const std::vector<std::vector<int64_t>> rows = {{1, 2}, {}, {3}};
  StateWriter(&state).Put("rows", rows);
  std::vector<std::vector<int64_t>> back = {{9}};
  REPRISE_ASSERT_OK(StateReader(&state).Get("rows", &back));
  EXPECT_EQ(back, rows);
  for (const std::vector<int64_t>& lengths :
       {std::vector<int64_t>{2, 2}, {2, -1, 2}, {2}}) {
    State other;
    const StateWriter scope = StateWriter(&other).Scope("rows");
    scope.Put("lengths", lengths);
    scope.Put("values", std::vector<int64_t>{1, 2, 3});
    EXPECT_THAT(StateReader(&other).Get("rows", &back),
                FailsWith("state: rows/"));
  }
}

TEST(State, ValuesThatAreNoIndicesAreAnError) {
  const State state;
  const StateReader agent = StateReader(&state).Scope("agent");
  REPRISE_EXPECT_OK(agent.CheckBelow("rows", {0, 4}, 5));
  REPRISE_EXPECT_OK(agent.CheckBelow("rows", {}, 0));
  EXPECT_THAT(agent.CheckBelow("rows", {1, 5}, 5),
              FailsWith("state: agent/rows: expected 0 to 4, found 5"));
  EXPECT_THAT(agent.CheckBelow("rows", {-1}, 5), FailsWith("found -1"));
}

TEST(State, KnowsWhatItHas) {
  State state;
  StateWriter(&state).Scope("best").Scope("model").Put("a", int64_t{1});
  const StateReader reader(&state);
  EXPECT_TRUE(reader.Has("best"));
  EXPECT_TRUE(reader.Scope("best").Has("model"));
  EXPECT_TRUE(reader.Scope("best").Scope("model").Has("a"));
  EXPECT_FALSE(reader.Has("bes"));
  EXPECT_FALSE(reader.Has("best2"));
  EXPECT_FALSE(reader.Scope("best").Has("a"));
}

TEST(State, WhatIsMissingOrOfAnotherFormIsAnError) {
  State state;
  StateWriter(&state).Scope("buffer").Put("counts", std::vector<int64_t>{1, 2});
  const StateReader buffer = StateReader(&state).Scope("buffer");
  int64_t scalar = 0;
  std::vector<int32_t> narrow;
  std::vector<int64_t> counts(3);
  EXPECT_THAT(
      buffer.Get("count", &scalar),
      FailsWith("state: buffer/count: expected int64 [], found nothing"));
  EXPECT_THAT(buffer.Get("count", &scalar), ExitsWith(ExitCode::kData));
  EXPECT_THAT(buffer.Get("counts", &scalar),
              FailsWith("buffer/counts: expected int64 [], 8 bytes, found "
                        "int64 [2], 16 bytes"));
  EXPECT_THAT(buffer.Get("counts", &narrow),
              FailsWith("expected int32 [2], 8 bytes, found int64 [2]"));
  EXPECT_THAT(
      buffer.GetArray("counts", DType::kInt64, {3}, counts.data()),
      FailsWith("expected int64 [3], 24 bytes, found int64 [2], 16 bytes"));
  EXPECT_THAT(buffer.Error("counts: expected 1 to 3, found 9"),
              FailsWith("state: buffer/counts: expected 1 to 3, found 9"));
}

TEST(State, AShapeThatItsBytesDoNotFillIsAnError) {
  State state;
  state["rows"] = {DType::kInt64, {int64_t{1} << 60}, std::string(16, 'x')};
  state["bool"] = {DType::kUint8, {}, std::string(1, '\2')};
  const StateReader reader(&state);
  std::vector<int64_t> rows;
  bool value = false;
  EXPECT_THAT(reader.Get("rows", &rows), FailsWith("rows: expected int64 [2]"));
  EXPECT_THAT(reader.Get("bool", &value),
              FailsWith("bool: expected 0 or 1, found 2"));
}

TEST(State, WhatNobodyReadsIsAnError) {
  State state;
  const StateWriter writer(&state);
  writer.Put("steps", int64_t{7});
  writer.Scope("agent").Put("left", int64_t{1});
  const StateReader reader(&state);
  int64_t steps = 0;
  REPRISE_ASSERT_OK(reader.Get("steps", &steps));
  EXPECT_THAT(reader.CheckAllRead(),
              FailsWith("agent/left: expected nothing of this name"));
}

TEST(StateDeathTest, NamesAreWrittenOnce) {
  State state;
  const StateWriter writer(&state);
  writer.Put("steps", int64_t{7});
  EXPECT_DEATH(writer.Put("steps", int64_t{8}), "steps is written twice");
  EXPECT_DEATH(writer.Put("a/b", int64_t{8}), "name of a state: 'a/b'");
}

}  // namespace
}  // namespace reprise
