#include "tests/conformance/rank_cases.h"

#include <utility>

#include "core/comm/decorators/forwarding_transport.h"

namespace reprise {
namespace {

class RecordingTransport final : public ForwardingTransport {
 public:
  RecordingTransport(std::unique_ptr<Transport> transport,
                     IssuedCollectives* issued)
      : ForwardingTransport(std::move(transport)), issued_(issued) {}

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    issued_->push_back(collective);
    return ForwardingTransport::Start(collective);
  }

 private:
  IssuedCollectives* const issued_;
};

}  // namespace

std::unique_ptr<Transport> MakeRecordingTransport(
    std::unique_ptr<Transport> transport, IssuedCollectives* issued) {
  return std::make_unique<RecordingTransport>(std::move(transport), issued);
}

}  // namespace reprise
