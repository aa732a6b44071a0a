#include "launch/process/rank_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/process/launcher_message.h"

namespace reprise {
namespace {

// Only these variables of a launcher are set.
absl::StatusOr<std::optional<RankPlace>> Find(
    const std::map<std::string, std::string>& variables) {
  for (const char* name :
       {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
        "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE",
        "SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_NODEID",
        "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE", "PMIX_RANK"}) {
    unsetenv(name);
  }
  for (const auto& [name, value] : variables) {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
  return FindRankPlace();
}

TEST(FindRankPlace, OfAProcessThatNobodyLaunchedIsNone) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const auto place, Find({}));
  EXPECT_FALSE(place.has_value());
}

TEST(FindRankPlace, UnderMpirun) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const auto place,
                               Find({{"OMPI_COMM_WORLD_RANK", "5"},
                                     {"OMPI_COMM_WORLD_SIZE", "8"},
                                     {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                     {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}}));
  ASSERT_TRUE(place.has_value());
  EXPECT_EQ(place->rank, 5);
  EXPECT_EQ(place->world_size, 8);
  EXPECT_EQ(place->local_rank, 1);
  EXPECT_EQ(place->local_size, 4);
}

TEST(FindRankPlace, UnderSrunCountsTheTasksOfItsNode) {
  std::map<std::string, std::string> variables = {
      {"SLURM_STEP_ID", "0"},
      {"SLURM_STEP_NUM_TASKS", "9"},
      {"SLURM_PROCID", "8"},
      {"SLURM_LOCALID", "0"},
      {"PMIX_RANK", "8"},
      {"SLURM_NODEID", "4"},
      {"SLURM_STEP_TASKS_PER_NODE", "2(x3),1,2"}};
  const std::pair<const char*, int> nodes[] = {
      {"0", 2}, {"2", 2}, {"3", 1}, {"4", 2}, {"5", 0}};
  for (const auto& [node, tasks] : nodes) {
    variables["SLURM_NODEID"] = node;
    REPRISE_ASSERT_OK_AND_ASSIGN(const auto place, Find(variables));
    ASSERT_TRUE(place.has_value());
    EXPECT_EQ(place->world_size, 9);
    EXPECT_EQ(place->local_size, tasks) << "node " << node;
  }
  // What cannot be read is not known.
  for (const char* text : {"", "x", "2(x", "(x2)"}) {
    variables["SLURM_STEP_TASKS_PER_NODE"] = text;
    variables["SLURM_NODEID"] = "1";
    REPRISE_ASSERT_OK_AND_ASSIGN(const auto place, Find(variables));
    EXPECT_EQ(place->local_size, 0) << text;
  }
  variables.erase("PMIX_RANK");
  EXPECT_THAT(Find(variables), ExitsWith(ExitCode::kUsage));
}

TEST(IsSpokesman, IsTheFirstOfThoseStartedTogether) {
  EXPECT_TRUE(IsSpokesman(Find({})));
  for (const char* number : {"0", "1", "11"}) {
    const bool first = number == std::string("0");
    EXPECT_EQ(first, IsSpokesman(Find({{"OMPI_COMM_WORLD_RANK", number},
                                       {"OMPI_COMM_WORLD_SIZE", "12"}})));
    std::map<std::string, std::string> step = {{"SLURM_STEP_ID", "0"},
                                               {"SLURM_STEP_NUM_TASKS", "12"},
                                               {"SLURM_PROCID", number}};
    const auto refused = Find(step);
    EXPECT_FALSE(refused.ok());
    EXPECT_EQ(first, IsSpokesman(refused));
    step["PMIX_RANK"] = number;
    EXPECT_EQ(first, IsSpokesman(Find(step)));
  }
}

// mpirun gives ranks a pseudo-terminal wherever their output goes.
TEST(MayUseTerminal, OnlyWhereNoLauncherOrOursOnATerminalIsInBetween) {
  REPRISE_ASSERT_OK(Find({}).status());
  EXPECT_TRUE(MayUseTerminal());
  REPRISE_ASSERT_OK(
      Find({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "1"}})
          .status());
  EXPECT_FALSE(MayUseTerminal());
  setenv(kLauncherVariable, kOnTerminal, 1);
  EXPECT_TRUE(MayUseTerminal());
  setenv(kLauncherVariable, kNotOnTerminal, 1);
  EXPECT_FALSE(MayUseTerminal());
  unsetenv(kLauncherVariable);
}

TEST(StartRank, LeavesNoDescriptorOfTheRankOpenInItsWitness) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t rank = fork();
  ASSERT_GE(rank, 0);
  if (rank == 0) {
    setenv(kLauncherVariable, kNotOnTerminal, /*overwrite=*/1);
    SetLauncherFd(open("/dev/null", O_WRONLY));
    StartRank(RankPlace());
    close(ends[0]);
    close(ends[1]);
    while (true) pause();
  }
  close(ends[1]);
  // The rank lives on, and with it its witness.
  pollfd closed = {ends[0], POLLIN, 0};
  EXPECT_EQ(poll(&closed, 1, 10000), 1);
  EXPECT_EQ(waitpid(rank, nullptr, WNOHANG), 0);
  kill(rank, SIGKILL);
  waitpid(rank, nullptr, 0);
  close(ends[0]);
}

}  // namespace
}  // namespace reprise
