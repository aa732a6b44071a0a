// What happens when a rank fails, leaves, or disagrees.
#include "core/comm/in_process/in_process_transport.h"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/agreement.h"
#include "core/comm/collective.h"
#include "core/comm/decorators/checking_transport.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/gradients/parameter_layout.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// Whether ranks' calls are compared; faults are found either way.
class Faults : public testing::TestWithParam<bool> {
 protected:
  // Like RunRanksAsThreads, without expectations: the body finalises, or not.
  void RunRanks(
      int world_size,
      const std::function<void(std::unique_ptr<Communicator>)>& body) {
    std::vector<std::thread> threads;
    for (TransportFactory& factory : InProcessJob(world_size)) {
      threads.emplace_back([&, factory = std::move(factory)] {
        absl::StatusOr<std::unique_ptr<Communicator>> communicator =
            Communicator::Create(
                [&]() -> absl::StatusOr<std::unique_ptr<Transport>> {
                  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                                           factory());
                  return GetParam()
                             ? MakeCheckingTransport(std::move(transport))
                             : std::move(transport);
                });
        REPRISE_ASSERT_OK(communicator);
        body(*std::move(communicator));
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // Both ranks make their call and must get an error that holds `texts`, soon.
  void ExpectDisagreement(
      const std::function<std::shared_ptr<Work>(Communicator&)>& rank_0,
      const std::function<std::shared_ptr<Work>(Communicator&)>& rank_1,
      const std::vector<std::string>& texts) {
    RunRanks(2, [&](std::unique_ptr<Communicator> communicator) {
      REPRISE_EXPECT_OK(communicator->Barrier()->Wait());
      const absl::Time start = absl::Now();
      const absl::Status status =
          (communicator->rank() == 0 ? rank_0 : rank_1)(*communicator)->Wait();
      EXPECT_LT(absl::Now() - start, absl::Seconds(1));
      for (const std::string& text : texts) {
        EXPECT_THAT(status, FailsWith(text));
      }
      EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
      EXPECT_EQ(communicator->Barrier()->Wait(), status);
      EXPECT_EQ(communicator->Finalize(), status);
    });
  }

  float floats_[2][100] = {};
  int64_t integers_[100] = {};
};

INSTANTIATE_TEST_SUITE_P(, Faults, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& info) {
                           return info.param ? "Compared" : "AsTheyCome";
                         });

TEST_P(Faults,
       AbortOfOneRankFailsWhatIsOutstandingEverywhereAndAllThatFollows) {
  RunRanks(3, [](std::unique_ptr<Communicator> communicator) {
    float value = 1, other = 1;
    REPRISE_EXPECT_OK(
        communicator->AllReduce(&value, 1, DType::kFloat32, ReduceOp::kSum)
            ->Wait());
    EXPECT_EQ(value, 3);
    const auto add = [&](float* data, Gate gate) {
      return communicator->AllReduce(data, 1, DType::kFloat32, ReduceOp::kSum,
                                     gate);
    };
    const std::shared_ptr<Work> issued =
        communicator->rank() == 1 ? nullptr : add(&value, Gate::kOpen);
    const std::shared_ptr<Work> closed = add(&other, Gate::kClosed);
    if (communicator->rank() == 1) {
      communicator->Abort(DataError("sample 7 is broken"));
    }
    if (issued != nullptr) {
      EXPECT_THAT(issued->Wait(), FailsWith("rank 1: sample 7 is broken"));
      EXPECT_FALSE(issued->Done());
    }
    EXPECT_THAT(closed->Wait(), FailsWith("sample 7 is broken"));
    EXPECT_THAT(communicator->Barrier()->Wait(), ExitsWith(ExitCode::kData));
    EXPECT_THAT(AgreeOnStatus(*communicator, absl::OkStatus()),
                ExitsWith(ExitCode::kData));
    communicator->Abort(UsageError("too late to matter"));
    EXPECT_THAT(communicator->Finalize(), FailsWith("sample 7 is broken"));
  });
}

TEST_P(Faults, TheReducerGivesTheErrorOfTheRankThatFailed) {
  RunRanks(2, [](std::unique_ptr<Communicator> communicator) {
    const ParameterLayout layout({500, 500});
    std::vector<float> flat(layout.gradients_length());
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(*communicator, layout,
                                MakeHostGradients(flat.data(), DType::kFloat32),
                                {100, 100}));
    reducer->BeginStep(1);
    reducer->MarkReady(1);
    if (communicator->rank() == 1) {
      communicator->Abort(absl::ResourceExhaustedError("no memory left"));
      return;
    }
    reducer->MarkAllReady();
    EXPECT_THAT(reducer->Finish(), FailsWith("rank 1: no memory left"));
  });
}

TEST_P(Faults, ADifferentLengthIsNamedWithBothCalls) {
  ExpectDisagreement(
      [&](Communicator& communicator) {
        return communicator.AllReduce(floats_[0], 100, DType::kFloat32,
                                      ReduceOp::kSum);
      },
      [&](Communicator& communicator) {
        return communicator.AllReduce(floats_[1], 99, DType::kFloat32,
                                      ReduceOp::kSum);
      },
      {"rank 0 calls AllReduce of 100 float32 (sum)",
       "rank 1 calls AllReduce of 99 float32 (sum)"});
}

TEST_P(Faults, ADifferentTypeIsNamedWithBothCalls) {
  ExpectDisagreement(
      [&](Communicator& communicator) {
        return communicator.AllReduce(floats_[0], 100, DType::kFloat32,
                                      ReduceOp::kMax);
      },
      [&](Communicator& communicator) {
        return communicator.AllReduce(integers_, 100, DType::kInt64,
                                      ReduceOp::kMax);
      },
      {"rank 0 calls AllReduce of 100 float32 (max)",
       "rank 1 calls AllReduce of 100 int64 (max)"});
}

TEST_P(Faults, ADifferentKindIsNamedWithBothCalls) {
  ExpectDisagreement(
      [](Communicator& communicator) { return communicator.Barrier(); },
      [&](Communicator& communicator) {
        return communicator.Broadcast(floats_[1], 8, 1);
      },
      {"rank 0 calls Barrier",
       "rank 1 calls Broadcast of 8 bytes from rank 1"});
}

TEST_P(Faults, ADifferentRootIsNamedWithBothCalls) {
  ExpectDisagreement(
      [&](Communicator& communicator) {
        return communicator.Broadcast(floats_[0], 8, 0);
      },
      [&](Communicator& communicator) {
        return communicator.Broadcast(floats_[1], 8, 1);
      },
      {"8 bytes from rank 0", "8 bytes from rank 1"});
}

TEST_P(Faults, AnAllToAllvThatDoesNotAddUpIsNamedWithItsPair) {
  ExpectDisagreement(
      [&](Communicator& communicator) {
        return communicator.AllToAllv(floats_[0], {0, 8}, integers_, {0, 0});
      },
      [&](Communicator& communicator) {
        return communicator.AllToAllv(floats_[1], {0, 0}, integers_, {4, 0});
      },
      {"rank 0 sends 8 bytes to rank 1, which expects 4"});
}

TEST_P(Faults, ARankThatFinalizesEarlyFailsThoseThatWaitForIt) {
  RunRanks(3, [](std::unique_ptr<Communicator> communicator) {
    REPRISE_EXPECT_OK(communicator->Barrier()->Wait());
    if (communicator->rank() == 2) {
      (void)communicator->Finalize();
      return;
    }
    const absl::Status status = communicator->Barrier()->Wait();
    EXPECT_THAT(status, ExitsWith(ExitCode::kDistributed));
    EXPECT_THAT(status, FailsWith("rank 2"));
  });
}

TEST_P(Faults, ARankDestroyedBeforeFinalizeFailsTheOthersAndDoesNotHang) {
  RunRanks(3, [](std::unique_ptr<Communicator> communicator) {
    float value = 0;
    if (communicator->rank() == 0) {
      const std::shared_ptr<Work> closed = communicator->AllReduce(
          &value, 1, DType::kFloat32, ReduceOp::kSum, Gate::kClosed);
      communicator = nullptr;
      EXPECT_THAT(closed->Wait(), FailsWith("destroyed before Finalize"));
      return;
    }
    EXPECT_THAT(
        communicator->AllReduce(&value, 1, DType::kFloat32, ReduceOp::kSum)
            ->Wait(),
        ExitsWith(ExitCode::kDistributed));
  });
}

TEST_P(Faults, BuffersMayGoOnceAFailedWaitOrAbortReturns) {
  // Address and thread sanitizers watch the freed buffers.
  for (int repetition = 0; repetition < 50; ++repetition) {
    RunRanks(3, [&](std::unique_ptr<Communicator> communicator) {
      auto values = std::make_unique<std::vector<float>>(10000, 1.0f);
      std::vector<std::shared_ptr<Work>> works;
      for (int i = 0; i < 3; ++i) {
        works.push_back(communicator->AllReduce(
            values->data(), 10000, DType::kFloat32, ReduceOp::kSum));
      }
      if (communicator->rank() == repetition % 3) {
        communicator->Abort(absl::InternalError("stop"));
      } else {
        while (works.back()->Wait().ok()) {
          works.push_back(communicator->AllReduce(
              values->data(), 10000, DType::kFloat32, ReduceOp::kSum));
        }
      }
      values = nullptr;
    });
  }
}

TEST(Create, GivesTheErrorOfTheTransport) {
  EXPECT_THAT(
      Communicator::Create([]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        return DistributedError("no network");
      }),
      FailsWith("no network"));
}

}  // namespace
}  // namespace reprise
