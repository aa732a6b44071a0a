#include "launch/report/runs/runs_command.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

namespace fs = std::filesystem;

// Takes root its right to read what is closed to it, as to everyone, while it
// lives.
class WithoutOverride {
 public:
  WithoutOverride() {
    syscall(SYS_capget, &header_, before_);
    __user_cap_data_struct without[2] = {before_[0], before_[1]};
    without[0].effective &=
        ~((1u << CAP_DAC_OVERRIDE) | (1u << CAP_DAC_READ_SEARCH));
    syscall(SYS_capset, &header_, without);
  }
  ~WithoutOverride() { syscall(SYS_capset, &header_, before_); }

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2] = {};
};

using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RunsCommandTest : public ::testing::Test {
 protected:
  RunsCommandTest() : root_(::testing::TempDir() + "results") {
    fs::remove_all(root_);
    fs::create_directory(root_);
  }

  std::string In(const std::string& name) { return root_ + "/" + name; }

  // A run that began `minute` minutes after midnight.
  void WriteRun(const std::string& name, const std::string& agent, int minute,
                bool is_finished, bool is_generated = false) {
    fs::create_directories(In(name));
    REPRISE_ASSERT_OK(ReplaceFile(
        In(name) + "/run.json",
        {absl::StrFormat(R"({"schema":1,"host":"elsewhere","pid":7,)"
                         R"("started":"2024-02-29T00:%02d:00+00:00"})",
                         minute)}));
    RunInfo info;
    info.run_id = absl::StrCat("id-", minute);
    info.experiment = "scripted";
    info.seed = 42;
    REPRISE_ASSERT_OK(WriteRunJson(In(name), info));
    RunStart start = ScriptedRunStart();
    start.run_id = info.run_id;
    start.agent = agent;
    start.generated_data = is_generated;
    auto sink = JsonlSink::Open(In(name) + "/metrics.jsonl");
    REPRISE_ASSERT_OK(sink.status());
    REPRISE_ASSERT_OK((*sink)->OnRunStart(start));
    for (int task = 0; task < (is_finished ? 3 : 1); ++task) {
      REPRISE_ASSERT_OK(PlayScriptedTask(task, **sink));
    }
    if (!is_finished) return;
    REPRISE_ASSERT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  }

  void WriteThreeRuns() {
    WriteRun("a", "nil", 1, true, /*is_generated=*/true);
    WriteRun("sweep/0/b", "er", 3, false);
    WriteRun("c", "nil --scratch", 2, true);
  }

  std::string List(std::vector<std::string> arguments, int width = 0) {
    arguments.insert(arguments.begin(), root_);
    std::ostringstream out;
    status_ = RunRunsCommand(arguments, width, out);
    return out.str();
  }

  std::vector<std::string> Listed(std::vector<std::string> arguments) {
    arguments.push_back("--json");
    std::vector<std::string> folders;
    for (const json& run : json::parse(List(arguments))) {
      folders.push_back(
          run["folder"].get<std::string>().substr(root_.size() + 1));
    }
    REPRISE_EXPECT_OK(status_);
    return folders;
  }

  const std::string root_;
  absl::Status status_;
};

TEST_F(RunsCommandTest, ListsNestedRunsTheNewestFirst) {
  WriteThreeRuns();
  EXPECT_THAT(Listed({}), ElementsAre("sweep/0/b", "c", "a"));
  EXPECT_THAT(Listed({"--sort=folder"}), ElementsAre("a", "c", "sweep/0/b"));
  EXPECT_THAT(Listed({"--sort=duration"}), ElementsAre("sweep/0/b", "c", "a"));
  // Of equal ones the newest first; what is unknown comes last.
  EXPECT_THAT(Listed({"--sort=accuracy"}), ElementsAre("c", "a", "sweep/0/b"));
}

TEST_F(RunsCommandTest, FiltersByAgentDataAndState) {
  WriteThreeRuns();
  EXPECT_THAT(Listed({"--agent=nil"}), ElementsAre("c", "a"));
  EXPECT_THAT(Listed({"--agent=er,icarl"}), ElementsAre("sweep/0/b"));
  EXPECT_THAT(Listed({"--state=unfinished"}), ElementsAre("sweep/0/b"));
  EXPECT_THAT(Listed({"--dataset=mnist"}), SizeIs(3));
  EXPECT_THAT(Listed({"--dataset=cifar10"}), IsEmpty());
  EXPECT_EQ(List({"--dataset=cifar10"}),
            absl::StrCat("no runs of that kind in ", root_, "\n"));
}

TEST_F(RunsCommandTest, TheTableHasALineForEachRunAndMarksGeneratedData) {
  WriteThreeRuns();
  const std::vector<std::string> lines =
      absl::StrSplit(List({}), '\n', absl::SkipEmpty());
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_THAT(lines[0], HasSubstr("accuracy  forgetting  images/s"));
  EXPECT_THAT(lines[1], AllOf(HasSubstr("sweep/0/b  er"),
                              HasSubstr("unfinished   33%         -")));
  EXPECT_THAT(lines[2], AllOf(HasSubstr("nil --scratch"),
                              HasSubstr("finished    100%    0.9128      "
                                        "0.0700       100    40.0 s")));
  EXPECT_THAT(lines[3], HasSubstr("mnist*"));
  EXPECT_THAT(lines[4], HasSubstr("* generated data"));
}

TEST_F(RunsCommandTest, TheTableFitsTheTerminal) {
  WriteThreeRuns();
  for (const int width : {80, 100, 120}) {
    for (const std::string& line :
         std::vector<std::string>(absl::StrSplit(List({}, width), '\n'))) {
      EXPECT_LE(line.size(), static_cast<size_t>(width)) << line;
    }
  }
}

TEST_F(RunsCommandTest, JsonHasNumbersWithoutRounding) {
  WriteThreeRuns();
  const json runs = json::parse(List({"--json"}));
  EXPECT_EQ(runs[0]["state"], "unfinished");
  EXPECT_EQ(runs[0]["position"], "task 1 of 3, epoch 1");
  EXPECT_EQ(runs[0]["average_incremental_accuracy"], nullptr);
  EXPECT_NEAR(runs[1]["average_incremental_accuracy"], .912762, 1e-6);
  EXPECT_NEAR(runs[1]["forgetting"], .07, 1e-12);
  EXPECT_EQ(runs[1]["started"], "2024-02-29T00:02:00+00:00");
  EXPECT_EQ(runs[2]["generated_data"], true);
  EXPECT_EQ(runs[2]["seed"], 42);
}

TEST_F(RunsCommandTest, ABrokenRunIsAnErrorAfterTheOthersAreListed) {
  WriteThreeRuns();
  REPRISE_ASSERT_OK(ReplaceFile(In("a") + "/run.json", {"{"}));
  const std::string list = List({});
  EXPECT_THAT(list, AllOf(HasSubstr("sweep/0/b"), HasSubstr("scratch")));
  EXPECT_THAT(status_, AllOf(ExitsWith(ExitCode::kData),
                             FailsWith("1 of 3 runs cannot be read, the first"),
                             FailsWith("a/run.json: expected one JSON")));
}

TEST_F(RunsCommandTest, AFolderThatCannotBeReadIsAnErrorAfterTheRunsAreListed) {
  WriteThreeRuns();
  fs::create_directory(In("b-closed"));
  fs::permissions(In("b-closed"), fs::perms::none);
  std::string list;
  {
    const WithoutOverride closed;
    list = List({});
  }
  fs::permissions(In("b-closed"), fs::perms::owner_all);
  EXPECT_THAT(list, AllOf(HasSubstr("sweep/0/b"), HasSubstr("scratch"),
                          HasSubstr("mnist*")));
  EXPECT_THAT(status_,
              AllOf(ExitsWith(ExitCode::kStorage), FailsWith("b-closed")));
}

TEST_F(RunsCommandTest, WhatIsWithinARunIsNotLookedInto) {
  WriteRun("a", "nil", 1, true);
  WriteRun("a/rank-1", "nil", 2, true);
  EXPECT_THAT(Listed({}), ElementsAre("a"));
}

TEST_F(RunsCommandTest, LinksAreNotFollowedSoThereIsNoCircle) {
  WriteRun("a", "nil", 1, true);
  fs::create_directory_symlink(root_, In("again"));
  EXPECT_THAT(Listed({}), ElementsAre("a"));
}

TEST_F(RunsCommandTest, AnEmptyFolderHasNoRunsAndAMissingOneIsAMistake) {
  EXPECT_EQ(List({}), absl::StrCat("no runs in ", root_, "\n"));
  REPRISE_EXPECT_OK(status_);
  std::ostringstream out;
  EXPECT_THAT(RunRunsCommand({In("none")}, 0, out),
              AllOf(ExitsWith(ExitCode::kUsage),
                    FailsWith("expected a folder of results, found nothing")));
  EXPECT_THAT(RunRunsCommand({"a", "b", "--stat=x", "--sort=size"}, 0, out),
              AllOf(ExitsWith(ExitCode::kUsage), FailsWith("3 problems"),
                    FailsWith("did you mean --state?")));
}

TEST_F(RunsCommandTest, HelpTeachesByExample) {
  EXPECT_THAT(List({"--help"}), AllOf(HasSubstr("--state=STATE"),
                                      HasSubstr("reprise runs --agent=nil")));
}

}  // namespace
}  // namespace reprise
