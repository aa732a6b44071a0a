#include "tests/conformance/rank_cases.h"

#include <string>
#include <utility>

namespace reprise {
namespace {

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(std::unique_ptr<Transport> transport,
                     IssuedCollectives* issued)
      : transport_(std::move(transport)), issued_(issued) {}

  int rank() const override { return transport_->rank(); }
  int world_size() const override { return transport_->world_size(); }
  int local_rank() const override { return transport_->local_rank(); }
  int local_size() const override { return transport_->local_size(); }
  std::string Describe() const override { return transport_->Describe(); }
  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    issued_->push_back(collective);
    return transport_->Start(collective);
  }
  void Abort(const absl::Status& status) override { transport_->Abort(status); }
  absl::Status Finalize() override { return transport_->Finalize(); }

 private:
  const std::unique_ptr<Transport> transport_;
  IssuedCollectives* const issued_;
};

}  // namespace

std::unique_ptr<Transport> MakeRecordingTransport(
    std::unique_ptr<Transport> transport, IssuedCollectives* issued) {
  return std::make_unique<RecordingTransport>(std::move(transport), issued);
}

}  // namespace reprise
