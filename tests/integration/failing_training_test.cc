// A rank that fails alone ends the run on all ranks; every rank tells why.
#include "tests/integration/failing_training.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status_matchers.h"
#include "core/comm/in_process/in_process_transport.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

class FailingTrainingTest : public testing::TestWithParam<int> {
 protected:
  // What each rank got. Communicators that failed are finalised all the same.
  std::vector<FailedTraining> Train(absl::string_view fault) {
    std::vector<FailedTraining> results(GetParam());
    std::vector<std::thread> threads;
    for (Communicator::TransportFactory& factory : InProcessJob(GetParam())) {
      threads.emplace_back([&results, fault, factory = std::move(factory)] {
        const auto communicator = Communicator::Create(factory);
        REPRISE_ASSERT_OK(communicator);
        const int rank = (*communicator)->rank();
        results[rank] = TrainWithFault(fault, **communicator);
        EXPECT_FALSE((*communicator)->Finalize().ok());
      });
    }
    for (std::thread& thread : threads) thread.join();
    return results;
  }

  void ExpectOnAllRanks(absl::string_view fault, const std::string& message,
                        ExitCode exit_code) {
    const std::vector<FailedTraining> results = Train(fault);
    for (const FailedTraining& result : results) {
      EXPECT_THAT(result.status, FailsWith(message + results.back().rows));
      EXPECT_THAT(result.status, ExitsWith(exit_code));
    }
  }
};

TEST_P(FailingTrainingTest, ALossThatIsNotFiniteNamesItsSamples) {
  ExpectOnAllRanks("nan",
                   "task 1: epoch 2: step 3: the loss is not finite for 2 of " +
                       std::to_string(16 / GetParam()) +
                       " samples (training rows ",
                   ExitCode::kInternal);
}

TEST_P(FailingTrainingTest, ARecordThatCannotBeWrittenEndsTheRun) {
  ExpectOnAllRanks("sink", "task 1: epoch 1: cannot append to metrics.jsonl",
                   ExitCode::kStorage);
}

TEST_P(FailingTrainingTest, AnExceptionEndsTheRunWithItsFirstLine) {
  const std::vector<FailedTraining> results = Train("throw");
  for (const FailedTraining& result : results) {
    EXPECT_THAT(result.status, FailsWith("task 1: epoch 1: step 2: training "
                                         "step: no memory"));
    EXPECT_EQ(result.status.message().find('\n'), std::string::npos);
  }
}

TEST_P(FailingTrainingTest, AHugeLearningRateEndsTheRunWithAnAdvice) {
  for (const FailedTraining& result : Train("diverge")) {
    EXPECT_THAT(result.status, FailsWith("the loss is not finite"));
    EXPECT_THAT(result.status, FailsWith("lower --lr"));
  }
}

INSTANTIATE_TEST_SUITE_P(Ranks, FailingTrainingTest, testing::Values(1, 2, 4),
                         [](const testing::TestParamInfo<int>& info) {
                           return std::to_string(info.param);
                         });

}  // namespace
}  // namespace reprise
