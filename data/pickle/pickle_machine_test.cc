#include "data/pickle/pickle_machine.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Admits any number of lists and dicts, the global toy.Box and its calls, and
// writes down what it is asked.
class RecordingShape : public PickleShape {
 public:
  std::vector<std::string> asked;

  absl::StatusOr<uint32_t> MakeDict(const PickleMachine&) override {
    return made_++;
  }
  absl::StatusOr<uint32_t> MakeList(const PickleMachine&) override {
    return made_++;
  }
  absl::Status Append(const PickleMachine& machine, const PickleValue& list,
                      const PickleValue& element) override {
    asked.push_back(
        absl::StrCat("append ", list.a, " ", Text(machine, element)));
    return absl::OkStatus();
  }
  absl::Status SetItem(const PickleMachine& machine, const PickleValue& dict,
                       const PickleValue& key,
                       const PickleValue& value) override {
    asked.push_back(absl::StrCat("item ", dict.a, " ", Text(machine, key), " ",
                                 Text(machine, value)));
    return absl::OkStatus();
  }
  absl::StatusOr<uint32_t> FindGlobal(const PickleMachine& machine,
                                      absl::string_view module,
                                      absl::string_view name) override {
    if (module == "toy" && name == "Box") return 7;
    return machine.Fail("toy.Box", absl::StrCat(module, ".", name), "none");
  }
  absl::StatusOr<PickleValue> Call(const PickleMachine& machine,
                                   const PickleValue& global,
                                   const PickleValue& arguments) override {
    asked.push_back(
        absl::StrCat("call ", global.a, " ", Text(machine, arguments)));
    return PickleValue{PickleKind::kObject, 3};
  }
  absl::Status SetState(const PickleMachine& machine, const PickleValue& object,
                        const PickleValue& state) override {
    asked.push_back(absl::StrCat("state ", Text(machine, object), " ",
                                 Text(machine, state)));
    return absl::OkStatus();
  }
  const char* NameOfObject(uint32_t type) const override {
    return type == 3 ? "a box" : "";
  }

 private:
  static std::string Text(const PickleMachine& machine,
                          const PickleValue& value) {
    if (value.IsString()) return std::string(machine.TextOf(value));
    if (value.kind == PickleKind::kInteger) {
      return absl::StrCat(static_cast<int32_t>(value.a));
    }
    if (value.kind != PickleKind::kTuple) return machine.NameOf(value);
    std::vector<std::string> elements;
    for (uint32_t i = 0; i < value.b; ++i) {
      elements.push_back(Text(machine, machine.Element(value, i)));
    }
    return absl::StrCat("(", absl::StrJoin(elements, " "), ")");
  }

  uint32_t made_ = 0;
};

constexpr PickleLimits kLimits = {
    /*on_stack=*/5, /*remembered=*/3, /*in_tuples=*/5};
constexpr PickleTexts kTexts = {"a toy's opcode", "copy it", "write it again",
                                "beware"};

struct RunResult {
  absl::StatusOr<std::vector<PickleValue>> left;
  std::vector<std::string> asked;
};

RunResult RunToy(const std::string& content) {
  const std::string path = "toy.pickle";
  RecordingShape shape;
  PickleMachine machine(content, path, kLimits, kTexts, &shape);
  absl::StatusOr<std::vector<PickleValue>> left = machine.Run();
  return {std::move(left), shape.asked};
}

TEST(PickleMachine, FillsListsAndDictsOneByOneAndSinceAMark) {
  const RunResult run = RunToy(
      "\x80\x02](K\x01M\x02\x03"
      "eNa}U\x01kNs(U\x01lJ\xff\xff\xff\xffu.");
  REPRISE_ASSERT_OK(run.left);
  EXPECT_EQ(run.left->size(), 2u);
  EXPECT_THAT(run.asked,
              ElementsAre("append 0 1", "append 0 770", "append 0 None",
                          "item 1 k None", "item 1 l -1"));
}

TEST(PickleMachine, RemembersAndRecalls) {
  // The list at place 0 and the number at place 1, each appended to the list.
  const RunResult run =
      RunToy(absl::StrCat("\x80\x04]\x94K\x05\x94", "a", "h\x01", "a",
                          std::string("h\0", 2), "a."));
  REPRISE_ASSERT_OK(run.left);
  EXPECT_THAT(run.asked,
              ElementsAre("append 0 5", "append 0 5", "append 0 a list"));
}

TEST(PickleMachine, AsksForGlobalsCallsAndStates) {
  const std::string expected_call = "call 7 (1 (x None))";
  for (const char* global : {"ctoy\nBox\n",
                             "\x8c\x03toy\x8c\x03"
                             "Box\x93"}) {
    const RunResult run = RunToy(
        absl::StrCat("\x80\x04", global, "K\x01\x8c\x01xN\x86\x86R(K\x02tb."));
    REPRISE_ASSERT_OK(run.left);
    ASSERT_EQ(run.left->size(), 1u);
    EXPECT_TRUE(run.left->front().IsObject(3));
    EXPECT_THAT(run.asked, ElementsAre(expected_call, "state a box (2)"));
  }
}

TEST(PickleMachine, ErrorsOfTheShapeEndTheRun) {
  const RunResult run = RunToy(
      "\x80\x02"
      "cos\nsystem\nU\x02ls\x85R.");
  EXPECT_THAT(run.left, ExitsWith(ExitCode::kData));
  EXPECT_THAT(run.left,
              FailsWith("toy.pickle: offset 2: expected toy.Box, found "
                        "os.system; remedy: none"));
  EXPECT_THAT(run.asked, IsEmpty());
}

TEST(PickleMachine, SaysWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> faults[] = {
      {"",
       "offset 0: expected a pickle of protocol 2 to 4 (80), found an "
       "empty file; remedy: write it again"},
      {"\x80\x05N.", "offset 1: expected protocol 2 to 4, found 5"},
      {"\x80\x02I1\n.",
       "offset 2: expected a toy's opcode, found 0x49 ('I'); "
       "remedy: beware"},
      {"\x80\x02N", "offset 3: expected an opcode, found the end of the file"},
      {"\x80\x02N..",
       "offset 4: expected the end of the file after the pickle, "
       "found 1 more bytes; remedy: copy it"},
      {"\x80\x02U\x05x", "expected 5 bytes after offset 4, found the end"},
      {"\x80\x02NNa.", "expected a list to append to, found None"},
      {"\x80\x02(e.", "expected a list to append to, found nothing"},
      {"\x80\x02}(Nu.", "expected pairs of key and value, found an odd"},
      {"\x80\x02(t.", "expected a tuple of elements, found an empty one"},
      {"\x80\x02t.", "expected a mark before the opcode, found none"},
      {"\x80\x02h\x02.", "expected a place of the memo that was filled, found"},
      {"\x80\x02N\x85N\x85R.",
       "expected a call of a global with a tuple, found "
       "one of a tuple with a tuple"},
  };
  for (const auto& [content, message] : faults) {
    const RunResult run = RunToy(content);
    EXPECT_THAT(run.left, ExitsWith(ExitCode::kData)) << message;
    EXPECT_THAT(run.left, FailsWith(message));
  }
}

TEST(PickleMachine, KeepsItsLimits) {
  REPRISE_EXPECT_OK(RunToy("\x80\x02NNNNN.").left);
  EXPECT_THAT(RunToy("\x80\x02NNNNNN.").left,
              FailsWith("offset 7: expected at most 5 values at a time"));
  REPRISE_EXPECT_OK(RunToy("\x80\x02Nq\x02.").left);
  EXPECT_THAT(RunToy("\x80\x02Nq\x03.").left,
              FailsWith("expected a place of the memo below 3, found 3"));
  REPRISE_EXPECT_OK(RunToy("\x80\x02N\x85\x85\x85\x85\x85.").left);
  EXPECT_THAT(RunToy("\x80\x02N\x85\x85\x85\x85\x85\x85.").left,
              FailsWith("expected fewer tuples, found over 5"));
}

}  // namespace
}  // namespace reprise
