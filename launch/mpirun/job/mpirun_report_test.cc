// What jobs on several hosts report, which launcher_test has not got: Open MPI
// 5.0.11's words, from two nodes of Slurm.
#include "launch/mpirun/job/mpirun_report.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

const std::string& Rule() {
  static const std::string& rule = *new std::string(74, '-');
  return rule;
}

// Of rank 0, on node-1, about a rank on node-2.
std::string LostConnection() {
  return absl::StrCat(
      Rule(),
      "\nAn MPI communication peer process has unexpectedly disconnected.  "
      "This\nusually indicates a failure in the peer process (e.g., a crash "
      "or\notherwise exiting without calling MPI_FINALIZE first).\n\n  Local "
      "host: node-1\n  Local PID:  10\n  Peer host:  node-2\n",
      Rule(), "\n");
}

std::string Reported(const std::string& body) {
  return absl::StrCat(Rule(), "\n", body, "\n", Rule(), "\n");
}

std::string Started(int rank, int pid, const std::string& host) {
  return absl::StrCat("\x1estarted ", rank, " ", pid, " ", host, "\n");
}

std::string Cause(const std::string& text) {
  MpirunReport report;
  EXPECT_EQ(report.Consume(text), "");
  return report.failure().has_value()
             ? Describe(*report.failure(), report.ranks())
             : "none";
}

constexpr char kRank0Left[] =
    "prterun has exited due to process rank 0 with PID 10 on node node-1 "
    "exiting improperly.";

TEST(MpirunReport, NamesTheRankThatAnotherHostHasLost) {
  const std::string two = Started(0, 10, "node-1") + Started(1, 20, "node-2") +
                          "\x1e"
                          "at 1 task 2, epoch 1, step 3\n";
  const std::string lost =
      "rank 1 (host node-2, pid 20) ended, or its connection to another host "
      "did, last seen in task 2, epoch 1, step 3";
  EXPECT_EQ(Cause(two), "none");
  EXPECT_EQ(Cause(two + LostConnection()), lost);
  // What the loser does then is no cause.
  EXPECT_EQ(Cause(two + LostConnection() + Reported(kRank0Left)), lost);
  EXPECT_EQ(Cause(two + Reported(kRank0Left) + LostConnection()), lost);
  EXPECT_EQ(Cause(two + Reported(kRank0Left)),
            "rank 0 (host node-1, pid 10) exited before the run was complete");
}

TEST(MpirunReport, KnowsHostsByTheirNamesWithoutDomain) {
  const std::string two =
      Started(0, 10, "node-1.site.org") + Started(1, 20, "node-2.site.org");
  EXPECT_EQ(Cause(two + Reported(kRank0Left) + LostConnection()),
            "rank 1 (host node-2.site.org, pid 20) ended, or its connection to "
            "another host did");
}

TEST(MpirunReport, IsOfNoFailureWhereAllHaveCompleted) {
  EXPECT_EQ(Cause(Started(0, 10, "node-1") + Started(1, 20, "node-2") +
                  "\x1e"
                  "completed 0 0\n\x1e"
                  "completed 1 0\n" +
                  LostConnection()),
            "none");
}

TEST(MpirunReport, BelievesMpirunAboutTheRankThatIsLost) {
  const std::string two = Started(0, 10, "node-1") + Started(1, 20, "node-2");
  EXPECT_EQ(Cause(two + LostConnection() +
                  Reported("prterun noticed that process rank 1 with PID 20 on "
                           "node node-2 exited on\nsignal 9 (Killed).")),
            "rank 1 (host node-2, pid 20) was killed by signal 9 (Killed)");
  EXPECT_EQ(Cause(two + LostConnection() +
                  Reported("MPI_ABORT was invoked on rank 1 in communicator "
                           "MPI_COMM_WORLD\nwith errorcode 3.")),
            "rank 1 (host node-2, pid 20) aborted the job with code 3");
}

TEST(MpirunReport, NamesTheHostOfSeveralRanksOfWhichOneIsLost) {
  std::string many = Started(0, 10, "node-1") + Started(1, 20, "node-2") +
                     Started(2, 21, "node-2") + LostConnection();
  EXPECT_EQ(Cause(many),
            "a rank on host node-2 ended, or its connection to another host "
            "did");
  many +=
      "\x1e"
      "completed 1 0\n";
  EXPECT_EQ(Cause(many),
            "rank 2 (host node-2, pid 21) ended, or its connection to another "
            "host did");
}

}  // namespace
}  // namespace reprise
