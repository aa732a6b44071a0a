
#include "core/comm/decorators/checking_transport.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/decorators/forwarding_transport.h"

namespace reprise {
namespace {

constexpr int64_t kFinalize = -1;

// What ranks compare: these numbers, and for AllToAllv the bytes to and from
// each rank behind them.
struct Call {
  int64_t number;  // of this rank's collectives
  int64_t kind, count, dtype, op, root;

  std::string ToString() const {
    std::string text = "Finalize";
    if (kind != kFinalize) {
      Collective collective;
      collective.kind = static_cast<Collective::Kind>(kind);
      collective.count = count;
      collective.dtype = static_cast<DType>(dtype);
      collective.op = static_cast<ReduceOp>(op);
      collective.root = static_cast<int>(root);
      text = Signature(collective);
    }
    return absl::StrCat(text, " as collective ", number);
  }
};

class CheckingTransport final : public ForwardingTransport {
 public:
  using ForwardingTransport::ForwardingTransport;

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    auto comparison =
        std::make_unique<Comparison>(this, &collective, next_number_++);
    REPRISE_RETURN_IF_ERROR(Advance());
    return comparison;
  }

  absl::Status Finalize() override {
    {
      Comparison comparison(this, /*collective=*/nullptr, next_number_++);
      for (bool done = false; !done; absl::SleepFor(absl::Microseconds(50))) {
        REPRISE_ASSIGN_OR_RETURN(done, comparison.Test());
      }
    }
    return inside().Finalize();
  }

 private:
  // First the AllGather of the calls, then the collective itself.
  class Comparison final : public Pending {
   public:
    // `collective` is nullptr for Finalize.
    Comparison(CheckingTransport* transport, const Collective* collective,
               int64_t number)
        : transport_(transport), collective_(collective) {
      Call call = {};
      call.number = number;
      call.kind = kFinalize;
      const size_t ranks = static_cast<size_t>(transport->info().world_size);
      mine_.resize(kCallNumbers + 2 * ranks);
      if (collective != nullptr) {
        call.kind = static_cast<int64_t>(collective->kind);
        call.count = collective->count;
        call.dtype = static_cast<int64_t>(collective->dtype);
        call.op = static_cast<int64_t>(collective->op);
        call.root = collective->root;
        std::copy(collective->sent_bytes.begin(), collective->sent_bytes.end(),
                  mine_.begin() + kCallNumbers);
        std::copy(collective->received_bytes.begin(),
                  collective->received_bytes.end(),
                  mine_.begin() + kCallNumbers + ranks);
      }
      std::memcpy(mine_.data(), &call, sizeof(call));
      all_.resize(mine_.size() * ranks);
      gather_.kind = Collective::Kind::kAllGather;
      gather_.sent = mine_.data();
      gather_.data = all_.data();
      gather_.count = static_cast<int64_t>(mine_.size() * sizeof(int64_t));
      transport_->uncompared_.push_back(this);
    }

    ~Comparison() override {
      auto& uncompared = transport_->uncompared_;
      uncompared.erase(std::remove(uncompared.begin(), uncompared.end(), this),
                       uncompared.end());
    }

    absl::StatusOr<bool> Test() override {
      REPRISE_RETURN_IF_ERROR(transport_->Advance());
      if (!compared_) return false;
      return collective_ == nullptr ? true : pending_->Test();
    }

    // Starts or tests the comparison, and where it is done starts the
    // collective; whether it is.
    absl::StatusOr<bool> Compare() {
      Transport& checked = transport_->inside();
      if (pending_ == nullptr) {
        REPRISE_ASSIGN_OR_RETURN(pending_, checked.Start(gather_));
      }
      REPRISE_ASSIGN_OR_RETURN(compared_, pending_->Test());
      if (!compared_) return false;
      REPRISE_RETURN_IF_ERROR(CheckCalls());
      pending_ = nullptr;
      if (collective_ != nullptr) {
        REPRISE_ASSIGN_OR_RETURN(pending_, checked.Start(*collective_));
      }
      return true;
    }

   private:
    static constexpr size_t kCallNumbers = sizeof(Call) / sizeof(int64_t);

    absl::Status CheckCalls() const {
      const int ranks = transport_->info().world_size;
      for (int rank = 1; rank < ranks; ++rank) {
        if (std::memcmp(Numbers(rank), Numbers(0), sizeof(Call)) == 0) continue;
        Call calls[2];
        std::memcpy(&calls[0], Numbers(0), sizeof(Call));
        std::memcpy(&calls[1], Numbers(rank), sizeof(Call));
        return DistributedError(
            absl::StrCat("ranks disagree on a collective: rank 0 calls ",
                         calls[0].ToString(), ", rank ", rank, " calls ",
                         calls[1].ToString()));
      }
      for (int from = 0; from < ranks; ++from) {
        for (int to = 0; to < ranks; ++to) {
          const int64_t sent = Numbers(from)[kCallNumbers + to];
          const int64_t expected = Numbers(to)[kCallNumbers + ranks + from];
          if (sent == expected) continue;
          return DistributedError(absl::StrCat(
              "ranks disagree on AllToAllv as collective ", Numbers(0)[0],
              ": rank ", from, " sends ", sent, " bytes to rank ", to,
              ", which expects ", expected));
        }
      }
      return absl::OkStatus();
    }

    const int64_t* Numbers(int rank) const {
      return all_.data() + rank * mine_.size();
    }

    CheckingTransport* const transport_;
    const Collective* const collective_;
    std::vector<int64_t> mine_, all_;
    Collective gather_;
    std::unique_ptr<Pending>
        pending_;  // the comparison's, then the collective's
    bool compared_ = false;
  };

  // One comparison at a time, each followed at once by its collective: ranks
  // must start the two in the same order whenever they come to test.
  absl::Status Advance() {
    while (!uncompared_.empty()) {
      REPRISE_ASSIGN_OR_RETURN(const bool done, uncompared_.front()->Compare());
      if (!done) break;
      uncompared_.pop_front();
    }
    return absl::OkStatus();
  }

  std::deque<Comparison*> uncompared_;
  int64_t next_number_ = 0;
};

}  // namespace

std::unique_ptr<Transport> MakeCheckingTransport(
    std::unique_ptr<Transport> checked) {
  RankInfo info = checked->info();
  info.description += ", calls compared";
  return std::make_unique<CheckingTransport>(std::move(checked),
                                             std::move(info));
}

}  // namespace reprise
