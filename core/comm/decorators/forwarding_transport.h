// The base of decorators, which stand between a communicator and its transport:
// each derives from this and overrides what it is about.
#ifndef REPRISE_CORE_COMM_DECORATORS_FORWARDING_TRANSPORT_H_
#define REPRISE_CORE_COMM_DECORATORS_FORWARDING_TRANSPORT_H_

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/comm/collective.h"
#include "core/comm/transport.h"

namespace reprise {

// Passes everything to the transport inside.
class ForwardingTransport : public Transport {
 public:
  explicit ForwardingTransport(std::unique_ptr<Transport> inside)
      : inside_(std::move(inside)), info_(inside_->info()) {}
  // `info`: in place of that of the transport inside.
  ForwardingTransport(std::unique_ptr<Transport> inside, RankInfo info)
      : inside_(std::move(inside)), info_(std::move(info)) {}

  const RankInfo& info() const override { return info_; }
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
  const RankInfo info_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_DECORATORS_FORWARDING_TRANSPORT_H_
