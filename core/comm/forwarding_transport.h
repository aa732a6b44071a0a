// What stands between a communicator and its transport derives from this and
// overrides what it is about.
#ifndef REPRISE_CORE_COMM_FORWARDING_TRANSPORT_H_
#define REPRISE_CORE_COMM_FORWARDING_TRANSPORT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/comm/transport.h"

namespace reprise {

// Passes everything to the transport inside.
class ForwardingTransport : public Transport {
 public:
  explicit ForwardingTransport(std::unique_ptr<Transport> inside)
      : inside_(std::move(inside)) {}

  int rank() const override { return inside_->rank(); }
  int world_size() const override { return inside_->world_size(); }
  int local_rank() const override { return inside_->local_rank(); }
  int local_size() const override { return inside_->local_size(); }
  int local_cores() const override { return inside_->local_cores(); }
  std::string Describe() const override { return inside_->Describe(); }
  std::shared_ptr<const void> NoteReady() override {
    return inside_->NoteReady();
  }
  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    return inside_->Start(collective);
  }
  void Interrupt() override { inside_->Interrupt(); }
  void Abort(const absl::Status& status) override { inside_->Abort(status); }
  absl::Status Finalize() override { return inside_->Finalize(); }

 protected:
  Transport& inside() const { return *inside_; }

 private:
  const std::unique_ptr<Transport> inside_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_FORWARDING_TRANSPORT_H_
