// A rank that fails alone ends the run on all ranks with one status, which
// every rank returns while its communicator is still of use.
#include "tests/integration/failing_training.h"

#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// What each rank got. Of several ranks none has aborted its communicator, which
// Finalize would tell.
std::vector<FailedTraining> Train(absl::string_view fault,
                                  absl::string_view way, int world_size) {
  std::vector<FailedTraining> results(world_size);
  const auto train = [&](Communicator& communicator) {
    results[communicator.rank()] = TrainWithFault(fault, way, communicator);
  };
  if (world_size == 1) {
    RunFailingRanksAsThreads(1, train);
  } else {
    RunRanksAsThreads(world_size, train);
  }
  return results;
}

class FailingTraining
    : public testing::TestWithParam<std::tuple<Fault, const char*, int>> {};

TEST_P(FailingTraining, EndsOnEveryRankWithTheSameStatus) {
  const auto& [fault, way, world_size] = GetParam();
  const std::vector<FailedTraining> results =
      Train(fault.name, way, world_size);
  const int failing = results[0].failing_rank;
  for (const FailedTraining& result : results) {
    EXPECT_EQ(result.status, results[0].status);
    EXPECT_EQ(result.status.message().find(
                  ExpectedMessage(fault, failing, world_size)),
              0)
        << result.status;
    EXPECT_EQ(result.status.message().find('\n'), std::string::npos);
    EXPECT_THAT(result.status, FailsWith(results[failing].rows));
    EXPECT_THAT(result.status, ExitsWith(fault.exit_code));
    EXPECT_EQ(IsAgreed(result.status), world_size > 1);
    EXPECT_EQ(result.steps, fault.steps);
  }
}

std::string NameOf(
    const testing::TestParamInfo<FailingTraining::ParamType>& info) {
  const auto& [fault, way, world_size] = info.param;
  return absl::StrCat(fault.name, "_", way, "_", world_size);
}

INSTANTIATE_TEST_SUITE_P(Ranks, FailingTraining,
                         testing::Combine(testing::ValuesIn(Faults()),
                                          testing::ValuesIn(kWays),
                                          testing::Values(1, 2, 4)),
                         NameOf);

// There is no sum of gradients that would tell.
TEST(FailingTrainingWithAdasum, AbortsTheCommunicators) {
  for (const char* fault : {"throw", "step_end", "step_record"}) {
    RunFailingRanksAsThreads(2, [&](Communicator& communicator) {
      const absl::Status status =
          TrainWithFault(fault, "adasum", communicator).status;
      EXPECT_THAT(status, FailsWith("task 1: epoch 1: step "));
      EXPECT_FALSE(IsAgreed(status));
      EXPECT_THAT(communicator.Barrier()->Wait(), FailsWith("step "));
    });
  }
}

// What ranks share differs by then: going on could wait for ever.
TEST(FailingTrainingInTheBuffer, AbortsTheCommunicators) {
  for (const char* way : {"plain", "sync"}) {
    RunFailingRanksAsThreads(2, [&](Communicator& communicator) {
      const absl::Status status =
          TrainWithFault("half_step_end", way, communicator).status;
      EXPECT_THAT(status, FailsWith("no memory"));
      EXPECT_THAT(status, FailsWith("task 1: epoch 1: step "));
      EXPECT_FALSE(IsAgreed(status));
      EXPECT_THAT(communicator.Barrier()->Wait(), FailsWith("no memory"));
    });
  }
}

class Divergence : public testing::TestWithParam<int> {};

TEST_P(Divergence, EndsTheRunWithAnAdvice) {
  const std::vector<FailedTraining> results =
      Train("diverge", "plain", GetParam());
  for (const FailedTraining& result : results) {
    EXPECT_EQ(result.status, results[0].status);
    EXPECT_THAT(result.status, FailsWith("the loss is not finite"));
    EXPECT_THAT(result.status, FailsWith("lower --lr"));
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, Divergence, testing::Values(1, 2, 4),
                         testing::PrintToStringParamName());

}  // namespace
}  // namespace reprise
