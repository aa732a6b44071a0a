#include "core/comm/in_process/ranks_as_threads.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/in_process/in_process_transport.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

void Run(int world_size, const std::function<void(Communicator&)>& body,
         const TransportDecorator& decorator, bool may_fail) {
  std::vector<std::thread> threads;
  for (TransportFactory& factory : InProcessJob(world_size)) {
    threads.emplace_back([&, may_fail, factory = std::move(factory)] {
      absl::StatusOr<std::unique_ptr<Communicator>> communicator =
          Communicator::Create(
              [&]() -> absl::StatusOr<std::unique_ptr<Transport>> {
                REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                                         factory());
                return decorator ? decorator(std::move(transport))
                                 : std::move(transport);
              });
      REPRISE_ASSERT_OK(communicator);
      body(**communicator);
      const absl::Status finalized = (*communicator)->Finalize();
      EXPECT_TRUE(finalized.ok() || may_fail) << finalized;
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

void RunRanksAsThreads(int world_size,
                       const std::function<void(Communicator&)>& body,
                       const TransportDecorator& decorator) {
  Run(world_size, body, decorator, /*may_fail=*/false);
}

void RunFailingRanksAsThreads(int world_size,
                              const std::function<void(Communicator&)>& body) {
  Run(world_size, body, nullptr, /*may_fail=*/true);
}

}  // namespace reprise
