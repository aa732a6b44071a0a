#include "core/comm/mpi/mpi_transport.h"

#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/cores.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace {

// Open MPI's handlers of SIGABRT, SIGBUS, SIGFPE and SIGSEGV print a stack with
// malloc, which hangs for ever when the heap is what broke.
constexpr char kSignalVariable[] = "OMPI_MCA_opal_signal";

// Above 64 KiB with its header (btl_tcp_eager_limit) Open MPI's sender asks
// the receiver first. The answer waits behind all that the receiver is sending
// itself, so of two ranks that send to each other one is kept waiting until the
// other is done: half the link (docs/SCALING.md). So messages stay below.
constexpr int64_t kPieceBetweenHosts = 60 << 10;
// Added while it is in the cache.
constexpr int64_t kRingPieceOnOneHost = 1 << 20;

absl::Status FromMpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return absl::OkStatus();
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return DistributedError(
      absl::StrCat(call, " failed: ", absl::string_view(text, length)));
}

// Requests under way together.
class Requests {
 public:
  // A place for one more.
  MPI_Request* Add() {
    requests_.push_back(MPI_REQUEST_NULL);
    return &requests_.back();
  }

  // Whether all are complete; then none is left.
  absl::StatusOr<bool> Test() {
    for (MPI_Request& request : requests_) {
      int done = 0;
      REPRISE_RETURN_IF_ERROR(
          FromMpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
      if (!done) return false;
    }
    requests_.clear();
    return true;
  }

  // Sends to or receives from `rank`, in messages of at most `piece_bytes`.
  // Messages between two ranks keep their order within a tag.
  absl::Status Send(const char* data, int64_t bytes, int rank, int tag,
                    int64_t piece_bytes) {
    for (int64_t at = 0; at < bytes; at += piece_bytes) {
      REPRISE_RETURN_IF_ERROR(
          FromMpi(MPI_Isend(data + at,
                            static_cast<int>(std::min(bytes - at, piece_bytes)),
                            MPI_BYTE, rank, tag, MPI_COMM_WORLD, Add()),
                  "MPI_Isend"));
    }
    return absl::OkStatus();
  }
  absl::Status Receive(char* data, int64_t bytes, int rank, int tag,
                       int64_t piece_bytes) {
    for (int64_t at = 0; at < bytes; at += piece_bytes) {
      REPRISE_RETURN_IF_ERROR(
          FromMpi(MPI_Irecv(data + at,
                            static_cast<int>(std::min(bytes - at, piece_bytes)),
                            MPI_BYTE, rank, tag, MPI_COMM_WORLD, Add()),
                  "MPI_Irecv"));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<MPI_Request> requests_;
};

class Started final : public Transport::Pending {
 public:
  Requests requests;
  absl::StatusOr<bool> Test() override { return requests.Test(); }
};

// Where received pieces wait to be added. Kept from one AllReduce to the next:
// fresh memory costs as much as adding what it receives.
using Scratch = std::vector<char>;

// AllReduce over a ring, each rank sends to the next one. The buffer is cut
// into a part per rank, longer ones first, by at most an element. In step k of
// 2 (W - 1), rank r sends part r + 1 - k and receives part r - k (modulo W),
// which in the first W - 1 steps it adds to its own and then replaces it by. So
// part p is ((rank p-1's + rank p's) + rank p+1's) + ..., whatever the size and
// the release of MPI. Each rank sends 2 (W - 1) / W of the bytes.
//
// A part goes in pieces, each passed on as soon as it is added: the rest of the
// part is under way meanwhile, but no more of it than a window of pieces.
//
// Written out with MPI's point-to-point calls since its own AllReduces choose
// among orders of addition by size and by release.
class RingAllReduce final : public Transport::Pending {
 public:
  RingAllReduce(const Collective& collective, int rank, int world_size, int tag,
                int64_t piece_bytes, std::vector<Scratch>* scratches)
      : collective_(collective),
        element_bytes_(SizeInBytes(collective.dtype)),
        piece_elements_(std::max<int64_t>(1, piece_bytes / element_bytes_)),
        window_(
            std::clamp<int64_t>(kWindowBytes / piece_bytes, 2, kMostInWindow)),
        rank_(rank),
        world_size_(world_size),
        tag_(tag),
        scratches_(scratches) {
    if (scratches_->empty()) return;
    scratch_ = std::move(scratches_->back());
    scratches_->pop_back();
  }

  ~RingAllReduce() override { scratches_->push_back(std::move(scratch_)); }

  absl::StatusOr<bool> Test() override {
    // In this order: a test may copy a whole piece, for which the next rank
    // would wait if it were not given its own first; and what has gone makes
    // room to receive. What came with the piece before is often there already.
    // Others in flight want their turn, too.
    bool progressed = true;
    for (int64_t turn = 0; progressed && turn < window_; ++turn) {
      REPRISE_RETURN_IF_ERROR(PostReceives());
      REPRISE_RETURN_IF_ERROR(StartSends());
      REPRISE_ASSIGN_OR_RETURN(const bool gone, TakeSent());
      REPRISE_ASSIGN_OR_RETURN(const bool arrived, TakeArrived());
      progressed = arrived || gone;
    }
    return IsEnd(arrived_.at) && IsEnd(gone_.at);
  }

 private:
  // Enough for links that are long.
  static constexpr int64_t kWindowBytes = 16 << 20, kMostInWindow = 64;

  // A piece by the step that it goes in and its first element in the part.
  struct Position {
    int step = 0;
    int64_t element = 0;
    bool operator<(const Position& other) const {
      return step != other.step ? step < other.step : element < other.element;
    }
  };
  // The next piece that something is to be done with, and how many it was done
  // with.
  struct Progress {
    Position at;
    int64_t count = 0;
  };
  struct Piece {
    char* data;
    int64_t count, bytes;
  };

  int64_t Steps() const { return 2 * (world_size_ - 1); }
  bool IsEnd(const Position& at) const { return at.step >= Steps(); }
  bool Adds(const Position& at) const { return at.step < world_size_ - 1; }

  // Parts by number modulo W, at least -2 W.
  int64_t Wrapped(int part) const {
    return (part + 2 * world_size_) % world_size_;
  }
  int64_t LengthOf(int part) const {
    const int64_t longer_ones = collective_.count % world_size_;
    return collective_.count / world_size_ +
           (Wrapped(part) < longer_ones ? 1 : 0);
  }
  Piece PieceOf(int part, int64_t element) const {
    const int64_t number = Wrapped(part);
    const int64_t begin = number * (collective_.count / world_size_) +
                          std::min(number, collective_.count % world_size_) +
                          element;
    const int64_t count = std::min(piece_elements_, LengthOf(part) - element);
    return {static_cast<char*>(collective_.data) + begin * element_bytes_,
            count, count * element_bytes_};
  }
  int ReceivedPart(const Position& at) const { return rank_ - at.step; }
  int SentPart(const Position& at) const { return rank_ + 1 - at.step; }
  Piece Received(const Position& at) const {
    return PieceOf(ReceivedPart(at), at.element);
  }

  // To the next piece of the part, else to the next step.
  void Advance(Progress* progress, int part) const {
    ++progress->count;
    Position& at = progress->at;
    at.element += piece_elements_;
    if (at.element >= LengthOf(part)) at = {at.step + 1, 0};
  }

  absl::Status PostReceives() {
    while (!IsEnd(posted_.at) && posted_.count - arrived_.count < window_) {
      const Piece piece = Received(posted_.at);
      char* into = piece.data;
      if (Adds(posted_.at)) {
        into = Slot(posted_.count);
      } else if (!(Position{posted_.at.step + 1 - world_size_,
                            posted_.at.element} < gone_.at)) {
        break;  // what was sent from there has not gone yet
      }
      REPRISE_RETURN_IF_ERROR(FromMpi(
          MPI_Irecv(into, static_cast<int>(piece.bytes), MPI_BYTE,
                    (rank_ + world_size_ - 1) % world_size_, tag_,
                    MPI_COMM_WORLD, &receives_[posted_.count % window_]),
          "MPI_Irecv"));
      Advance(&posted_, ReceivedPart(posted_.at));
    }
    return absl::OkStatus();
  }

  // What is sent in a step is what came in the step before.
  absl::Status StartSends() {
    while (!IsEnd(sent_.at) && sent_.count - gone_.count < window_ &&
           (sent_.at.step == 0 ||
            Position{sent_.at.step - 1, sent_.at.element} < arrived_.at)) {
      const Piece piece = PieceOf(SentPart(sent_.at), sent_.at.element);
      // Small ones go whether the next rank is ready for them or not: one of a
      // window waits until it is, so that it need not keep more than that.
      const auto send =
          sent_.count % window_ == window_ - 1 ? MPI_Issend : MPI_Isend;
      REPRISE_RETURN_IF_ERROR(
          FromMpi(send(piece.data, static_cast<int>(piece.bytes), MPI_BYTE,
                       (rank_ + 1) % world_size_, tag_, MPI_COMM_WORLD,
                       &sends_[sent_.count % window_]),
                  "MPI_Isend"));
      Advance(&sent_, SentPart(sent_.at));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<bool> TakeArrived() {
    return TakeDone(receives_, posted_, arrived_, [this] {
      if (Adds(arrived_.at)) {
        const Piece piece = Received(arrived_.at);
        Reduce(Slot(arrived_.count), piece.data, piece.count, collective_.dtype,
               collective_.op);
      }
      Advance(&arrived_, ReceivedPart(arrived_.at));
    });
  }
  absl::StatusOr<bool> TakeSent() {
    return TakeDone(sends_, sent_, gone_,
                    [this] { Advance(&gone_, SentPart(gone_.at)); });
  }

  // Calls `take`, which advances `taken`, for each of the pieces begun whose
  // request is done, in order. Whether there was any.
  template <typename Take>
  absl::StatusOr<bool> TakeDone(MPI_Request* requests, const Progress& begun,
                                const Progress& taken, const Take& take) {
    const int64_t before = taken.count;
    while (taken.count < begun.count) {
      int done = 0;
      REPRISE_RETURN_IF_ERROR(FromMpi(
          MPI_Test(&requests[taken.count % window_], &done, MPI_STATUS_IGNORE),
          "MPI_Test"));
      if (!done) break;
      take();
    }
    return taken.count > before;
  }

  // Where received piece `number` waits. Of part 0, which none is longer than.
  char* Slot(int64_t number) {
    const int64_t bytes =
        std::min(piece_elements_, LengthOf(0)) * element_bytes_;
    if (static_cast<int64_t>(scratch_.size()) < window_ * bytes) {
      scratch_.resize(window_ * bytes);
    }
    return scratch_.data() + number % window_ * bytes;
  }

  const Collective collective_;
  const int64_t element_bytes_, piece_elements_;
  const int64_t window_;  // pieces
  const int rank_, world_size_, tag_;
  std::vector<Scratch>* const scratches_;
  Scratch scratch_;
  Progress posted_, arrived_, sent_, gone_;
  MPI_Request receives_[kMostInWindow], sends_[kMostInWindow];
};

// AllReduce of little: everybody's values go to everybody, who adds them in
// rank order. The ring's 2 (W - 1) hops, one after the other, would cost more
// than W times the bytes.
class GatheringAllReduce final : public Transport::Pending {
 public:
  explicit GatheringAllReduce(const Collective& collective)
      : collective_(collective),
        bytes_(collective.count * SizeInBytes(collective.dtype)) {}

  absl::Status Start(int world_size) {
    if (bytes_ == 0) return absl::OkStatus();
    gathered_.resize(bytes_ * world_size);
    const int bytes = static_cast<int>(bytes_);
    return FromMpi(
        MPI_Iallgather(collective_.data, bytes, MPI_BYTE, gathered_.data(),
                       bytes, MPI_BYTE, MPI_COMM_WORLD, requests_.Add()),
        "MPI_Iallgather");
  }

  absl::StatusOr<bool> Test() override {
    REPRISE_ASSIGN_OR_RETURN(const bool arrived, requests_.Test());
    if (!arrived || bytes_ == 0) return arrived;
    std::memcpy(collective_.data, gathered_.data(), bytes_);
    for (size_t at = bytes_; at < gathered_.size(); at += bytes_) {
      Reduce(gathered_.data() + at, collective_.data, collective_.count,
             collective_.dtype, collective_.op);
    }
    return true;
  }

 private:
  const Collective collective_;
  const int64_t bytes_;
  Scratch gathered_;
  Requests requests_;
};

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(int64_t piece_bytes)
      : piece_bytes_(piece_bytes),
        message_bytes_(piece_bytes),
        ring_piece_bytes_(piece_bytes) {}

  absl::Status Init() {
    setenv(kSignalVariable, "", /*overwrite=*/0);
    int provided = 0;
    REPRISE_RETURN_IF_ERROR(FromMpi(
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided),
        "MPI_Init_thread"));
    if (provided < MPI_THREAD_SERIALIZED) {
      return DistributedError("this MPI lacks MPI_THREAD_SERIALIZED");
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &world_size_);
    MPI_Comm host;
    REPRISE_RETURN_IF_ERROR(
        FromMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_,
                                    MPI_INFO_NULL, &host),
                "MPI_Comm_split_type"));
    MPI_Comm_rank(host, &local_rank_);
    MPI_Comm_size(host, &local_size_);
    // Ranks may be bound to cores of their own.
    CoreMask cores = UsableCoreMask();
    REPRISE_RETURN_IF_ERROR(FromMpi(
        MPI_Allreduce(MPI_IN_PLACE, cores.data(),
                      static_cast<int>(sizeof(cores)), MPI_BYTE, MPI_BOR, host),
        "MPI_Allreduce"));
    // Ranks of a host are in one container, if any.
    local_cores_ = std::max(WithinQuota(NumCores(cores)), UsableCores());
    // The same on all ranks: these are on one host, or none has all.
    const bool on_one_host = local_size_ == world_size_;
    ring_piece_bytes_ = std::min(
        piece_bytes_, on_one_host ? kRingPieceOnOneHost : kPieceBetweenHosts);
    if (!on_one_host) {
      message_bytes_ = std::min(piece_bytes_, kPieceBetweenHosts);
    }
    MPI_Comm_free(&host);
    description_ = DescribeLibrary();
    return absl::OkStatus();
  }

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }
  int local_cores() const override { return local_cores_; }

  std::string Describe() const override { return description_; }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    if (collective.kind == Collective::Kind::kAllReduce &&
        collective.count * SizeInBytes(collective.dtype) <=
            kGatheredAllReduceBytes) {
      auto gathering = std::make_unique<GatheringAllReduce>(collective);
      REPRISE_RETURN_IF_ERROR(gathering->Start(world_size_));
      return gathering;
    }
    if (collective.kind == Collective::Kind::kAllReduce) {
      const int tag = kFirstRingTag + next_ring_++ % kRingTags;
      return std::make_unique<RingAllReduce>(
          collective, rank_, world_size_, tag, ring_piece_bytes_, &scratches_);
    }
    auto started = std::make_unique<Started>();
    REPRISE_RETURN_IF_ERROR(StartInto(collective, started->requests));
    return started;
  }

  void Abort(const absl::Status& status) override {
    // MPI_Abort ends this process before anybody else could tell the reason.
    LogError(absl::StrCat("aborting all ranks: ", status.message()));
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCodeOf(status)));
  }

  absl::Status Finalize() override {
    return FromMpi(MPI_Finalize(), "MPI_Finalize");
  }

 private:
  static std::string DescribeLibrary() {
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(version, &length);
    const std::string text(version, length);
    return absl::StrCat("mpi: ", text.substr(0, text.find(',')),
                        ", AllReduce over a ring, from rank p-1 for part p; up "
                        "to ",
                        kGatheredAllReduceBytes, " bytes in rank order");
  }

  // All but AllReduce.
  absl::Status StartInto(const Collective& collective, Requests& requests) {
    char* data = static_cast<char*>(collective.data);
    switch (collective.kind) {
      case Collective::Kind::kBarrier:
        return FromMpi(MPI_Ibarrier(MPI_COMM_WORLD, requests.Add()),
                       "MPI_Ibarrier");
      case Collective::Kind::kAllReduce:
        return absl::InternalError("AllReduce is started elsewhere");
      case Collective::Kind::kBroadcast:
        for (int64_t at = 0; at < collective.count; at += piece_bytes_) {
          REPRISE_RETURN_IF_ERROR(
              FromMpi(MPI_Ibcast(data + at,
                                 static_cast<int>(std::min(
                                     collective.count - at, piece_bytes_)),
                                 MPI_BYTE, collective.root, MPI_COMM_WORLD,
                                 requests.Add()),
                      "MPI_Ibcast"));
        }
        return absl::OkStatus();
      case Collective::Kind::kAllGather: {
        if (collective.count == 0) return absl::OkStatus();
        if (collective.count > piece_bytes_) {
          const std::vector<int64_t> sizes(world_size_, collective.count);
          const std::vector<int64_t> all_from_here(world_size_, 0);
          return StartExchange(collective.sent, sizes, all_from_here, data,
                               sizes, requests);
        }
        const int count = static_cast<int>(collective.count);
        return FromMpi(
            MPI_Iallgather(collective.sent, count, MPI_BYTE, data, count,
                           MPI_BYTE, MPI_COMM_WORLD, requests.Add()),
            "MPI_Iallgather");
      }
      case Collective::Kind::kAllToAllv: {
        std::vector<int64_t> offsets(world_size_, 0);
        std::partial_sum(collective.sent_bytes.begin(),
                         collective.sent_bytes.end() - 1, offsets.begin() + 1);
        return StartExchange(collective.sent, collective.sent_bytes, offsets,
                             data, collective.received_bytes, requests);
      }
    }
    return absl::OkStatus();
  }

  // Every pair of ranks exchanges its bytes directly, as MPI_Ialltoallv does,
  // but without its limit on counts and offsets, and nothing for empty pairs.
  absl::Status StartExchange(const void* sent,
                             const std::vector<int64_t>& sent_bytes,
                             const std::vector<int64_t>& sent_at,
                             char* received,
                             const std::vector<int64_t>& received_bytes,
                             Requests& requests) {
    const char* from_here = static_cast<const char*>(sent);
    for (int rank = 0; rank < world_size_; ++rank) {
      const int64_t bytes = received_bytes[rank];
      if (rank == rank_ && bytes > 0) {
        if (bytes != sent_bytes[rank]) {
          return DistributedError(absl::StrCat(
              "AllToAllv: rank ", rank, " sends ", sent_bytes[rank],
              " bytes to itself and expects ", bytes));
        }
        std::memcpy(received, from_here + sent_at[rank], bytes);
      } else if (rank != rank_) {
        REPRISE_RETURN_IF_ERROR(requests.Receive(received, bytes, rank,
                                                 kExchangeTag, message_bytes_));
      }
      received += bytes;
    }
    for (int step = 1; step < world_size_; ++step) {
      const int rank = (rank_ + step) % world_size_;
      REPRISE_RETURN_IF_ERROR(requests.Send(from_here + sent_at[rank],
                                            sent_bytes[rank], rank,
                                            kExchangeTag, message_bytes_));
    }
    return absl::OkStatus();
  }

  static constexpr int kExchangeTag = 1;
  // Ranks come to the steps of two AllReduces in flight in different orders: a
  // tag for each. MPI has tags up to 32767 everywhere.
  static constexpr int kFirstRingTag = 2, kRingTags = 1024;

  const int64_t piece_bytes_;  // the most of one call
  int64_t message_bytes_;      // of an exchange between two ranks
  int64_t ring_piece_bytes_;
  int rank_ = 0, world_size_ = 1, local_rank_ = 0, local_size_ = 1;
  int local_cores_ = 1;
  int64_t next_ring_ = 0;  // counts AllReduces
  std::vector<Scratch> scratches_;
  std::string description_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> MakeMpiTransport(
    int64_t piece_bytes) {
  auto transport = std::make_unique<MpiTransport>(piece_bytes);
  REPRISE_RETURN_IF_ERROR(transport->Init());
  return transport;
}

}  // namespace reprise
