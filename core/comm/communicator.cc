#include "core/comm/communicator.h"

#include <utility>

#include "absl/memory/memory.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/progress_engine.h"

namespace reprise {

absl::StatusOr<std::unique_ptr<Communicator>> Communicator::Create(
    TransportFactory factory) {
  auto communicator = absl::WrapUnique(new Communicator(std::move(factory)));
  REPRISE_ASSIGN_OR_RETURN(communicator->info_,
                           communicator->engine_->AwaitStart());
  return communicator;
}

Communicator::Communicator(TransportFactory factory)
    : engine_(std::make_shared<ProgressEngine>()),
      thread_([engine = engine_, factory = std::move(factory)] {
        engine->Run(factory);
      }) {}

Communicator::~Communicator() {
  if (thread_.joinable()) {
    engine_->Abandon();
    thread_.join();
  }
  engine_->DropTransport();
}

std::shared_ptr<Work> Communicator::AllReduce(void* data, int64_t count,
                                              DType dtype, ReduceOp op,
                                              Gate gate) {
  Collective collective;
  collective.kind = Collective::Kind::kAllReduce;
  collective.data = data;
  collective.count = count;
  collective.dtype = dtype;
  collective.op = op;
  return Enqueue(std::move(collective), gate);
}

std::shared_ptr<Work> Communicator::Broadcast(void* data, int64_t bytes,
                                              int root, Gate gate) {
  REPRISE_CHECK(root >= 0 && root < world_size()) << "root " << root;
  Collective collective;
  collective.kind = Collective::Kind::kBroadcast;
  collective.data = data;
  collective.count = bytes;
  collective.root = root;
  return Enqueue(std::move(collective), gate);
}

std::shared_ptr<Work> Communicator::AllGather(const void* sent, int64_t bytes,
                                              void* received, Gate gate) {
  Collective collective;
  collective.kind = Collective::Kind::kAllGather;
  collective.data = received;
  collective.sent = sent;
  collective.count = bytes;
  return Enqueue(std::move(collective), gate);
}

std::shared_ptr<Work> Communicator::AllToAllv(
    const void* sent, std::vector<int64_t> sent_bytes, void* received,
    std::vector<int64_t> received_bytes, Gate gate) {
  const size_t ranks = static_cast<size_t>(world_size());
  REPRISE_CHECK(sent_bytes.size() == ranks && received_bytes.size() == ranks)
      << "AllToAllv needs a size for each rank";
  Collective collective;
  collective.kind = Collective::Kind::kAllToAllv;
  collective.data = received;
  collective.sent = sent;
  collective.sent_bytes = std::move(sent_bytes);
  collective.received_bytes = std::move(received_bytes);
  return Enqueue(std::move(collective), gate);
}

std::shared_ptr<Work> Communicator::Barrier() {
  return Enqueue(Collective{}, Gate::kOpen);
}

std::optional<CollectiveInFlight> Communicator::Health() const {
  return engine_->OldestInFlight();
}

void Communicator::Abort(const absl::Status& status) {
  REPRISE_CHECK(!status.ok()) << "Abort needs an error";
  engine_->Abort(status);
}

absl::Status Communicator::Finalize() {
  engine_->Finalize();
  if (thread_.joinable()) thread_.join();
  return engine_->failure();
}

std::shared_ptr<Work> Communicator::Enqueue(Collective collective, Gate gate) {
  auto work = std::make_shared<Work>(engine_, std::move(collective), gate);
  engine_->Enqueue(work);
  return work;
}

}  // namespace reprise
