#include "core/comm/mpi/ring_all_reduce.h"

#include <mpi.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/mpi/mpi_requests.h"
#include "core/comm/mpi/ring_schedule.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace {

// Enough for links that are long.
constexpr int64_t kWindowBytes = 16 << 20, kMostInWindow = 64;

RingSchedule::Shape ShapeOf(const Collective& collective, const RankInfo& info,
                            int64_t piece_bytes) {
  RingSchedule::Shape shape;
  shape.count = collective.count;
  shape.piece_elements =
      std::max<int64_t>(1, piece_bytes / SizeInBytes(collective.dtype));
  shape.window =
      std::clamp<int64_t>(kWindowBytes / piece_bytes, 2, kMostInWindow);
  shape.rank = info.rank;
  shape.world_size = info.world_size;
  return shape;
}

class RingAllReduce final : public Transport::Pending {
 public:
  RingAllReduce(const Collective& collective, const RingSchedule::Shape& shape,
                int tag, std::vector<RingScratch>* free_scratch)
      : collective_(collective),
        element_bytes_(SizeInBytes(collective.dtype)),
        window_(shape.window),
        previous_((shape.rank + shape.world_size - 1) % shape.world_size),
        next_((shape.rank + 1) % shape.world_size),
        tag_(tag),
        schedule_(shape),
        free_scratch_(free_scratch) {
    receives_.fill(MPI_REQUEST_NULL);
    sends_.fill(MPI_REQUEST_NULL);
    if (free_scratch_->empty()) return;
    scratch_ = std::move(free_scratch_->back());
    free_scratch_->pop_back();
  }

  ~RingAllReduce() override { free_scratch_->push_back(std::move(scratch_)); }

  absl::StatusOr<bool> Test() override {
    // In this order: a test may copy a whole piece, for which the next rank
    // would wait if it were not given its own first; and what has gone makes
    // room to receive. What came with the piece before is often there already.
    // Others in flight want their turn, too.
    bool progressed = true;
    for (int64_t turn = 0; progressed && turn < window_; ++turn) {
      REPRISE_RETURN_IF_ERROR(PostReceives());
      REPRISE_RETURN_IF_ERROR(StartSends());
      REPRISE_ASSIGN_OR_RETURN(const bool gone, TakeGone());
      REPRISE_ASSIGN_OR_RETURN(const bool arrived, TakeArrived());
      progressed = arrived || gone;
    }
    return schedule_.IsDone();
  }

 private:
  using Transfer = RingSchedule::Transfer;

  absl::Status PostReceives() {
    while (const std::optional<Transfer> piece = schedule_.NextReceive()) {
      char* const into = piece->adds ? Scratch(*piece) : Data(*piece);
      REPRISE_RETURN_IF_ERROR(
          FromMpi(MPI_Irecv(into, Bytes(*piece), MPI_BYTE, previous_, tag_,
                            MPI_COMM_WORLD, &receives_[piece->slot]),
                  "MPI_Irecv"));
      schedule_.NotePosted();
    }
    return absl::OkStatus();
  }

  absl::Status StartSends() {
    while (const std::optional<Transfer> piece = schedule_.NextSend()) {
      // Small ones go whether the next rank is ready for them or not: one of a
      // window waits until it is, so that it need not keep more than that.
      const auto send = piece->slot == window_ - 1 ? MPI_Issend : MPI_Isend;
      REPRISE_RETURN_IF_ERROR(
          FromMpi(send(Data(*piece), Bytes(*piece), MPI_BYTE, next_, tag_,
                       MPI_COMM_WORLD, &sends_[piece->slot]),
                  "MPI_Isend"));
      schedule_.NoteSent();
    }
    return absl::OkStatus();
  }

  // Whether any had arrived, in order.
  absl::StatusOr<bool> TakeArrived() {
    bool any = false;
    while (const std::optional<Transfer> piece = schedule_.OldestReceive()) {
      REPRISE_ASSIGN_OR_RETURN(const bool done, Test(&receives_[piece->slot]));
      if (!done) break;
      if (piece->adds) {
        Reduce(Scratch(*piece), Data(*piece), piece->count, collective_.dtype,
               collective_.op);
      }
      schedule_.NoteArrived();
      any = true;
    }
    return any;
  }

  // Whether any had gone, in order.
  absl::StatusOr<bool> TakeGone() {
    bool any = false;
    while (const std::optional<Transfer> piece = schedule_.OldestSend()) {
      REPRISE_ASSIGN_OR_RETURN(const bool done, Test(&sends_[piece->slot]));
      if (!done) break;
      schedule_.NoteGone();
      any = true;
    }
    return any;
  }

  static absl::StatusOr<bool> Test(MPI_Request* request) {
    int done = 0;
    REPRISE_RETURN_IF_ERROR(
        FromMpi(MPI_Test(request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
    return done != 0;
  }

  int Bytes(const Transfer& piece) const {
    return static_cast<int>(piece.count * element_bytes_);
  }
  char* Data(const Transfer& piece) const {
    return static_cast<char*>(collective_.data) + piece.begin * element_bytes_;
  }
  char* Scratch(const Transfer& piece) {
    const int64_t bytes = schedule_.LongestPiece() * element_bytes_;
    if (static_cast<int64_t>(scratch_.size()) < window_ * bytes) {
      scratch_.resize(window_ * bytes);
    }
    return scratch_.data() + piece.slot * bytes;
  }

  const Collective collective_;
  const int64_t element_bytes_;
  const int64_t window_;  // pieces
  const int previous_, next_, tag_;
  RingSchedule schedule_;
  std::vector<RingScratch>* const free_scratch_;
  RingScratch scratch_;
  std::array<MPI_Request, kMostInWindow> receives_, sends_;
};

}  // namespace

std::unique_ptr<Transport::Pending> MakeRingAllReduce(
    const Collective& collective, const RankInfo& info, int tag,
    int64_t piece_bytes, std::vector<RingScratch>* free_scratch) {
  return std::make_unique<RingAllReduce>(
      collective, ShapeOf(collective, info, piece_bytes), tag, free_scratch);
}

}  // namespace reprise
