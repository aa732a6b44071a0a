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

void RunRanksAsThreads(int world_size,
                       const std::function<void(Communicator&)>& body,
                       const TransportDecorator& decorator) {
  std::vector<std::thread> threads;
  for (Communicator::TransportFactory& factory : InProcessJob(world_size)) {
    threads.emplace_back([&body, &decorator, factory = std::move(factory)] {
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
      REPRISE_EXPECT_OK((*communicator)->Finalize());
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace reprise
