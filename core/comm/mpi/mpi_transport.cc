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
#include "core/base/dtype.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/mpi/gathering_all_reduce.h"
#include "core/comm/mpi/mpi_requests.h"
#include "core/comm/mpi/ring_all_reduce.h"

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

struct Started final : public Transport::Pending {
  MpiRequests requests;
  absl::StatusOr<bool> Test() override { return requests.Test(); }
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
    MPI_Comm_rank(MPI_COMM_WORLD, &info_.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &info_.world_size);
    info_.description = DescribeLibrary();
    return LookAtHost();
  }

  const RankInfo& info() const override { return info_; }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    if (collective.kind == Collective::Kind::kAllReduce &&
        collective.count * SizeInBytes(collective.dtype) <=
            kGatheredAllReduceBytes) {
      return StartGatheringAllReduce(collective, info_.world_size);
    }
    if (collective.kind == Collective::Kind::kAllReduce) {
      const int tag = kFirstRingTag + next_ring_++ % kRingTags;
      return MakeRingAllReduce(collective, info_, tag, ring_piece_bytes_,
                               &free_scratch_);
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
  // Counts the ranks and cores of this rank's host. Collective.
  absl::Status LookAtHost() {
    MPI_Comm host;
    REPRISE_RETURN_IF_ERROR(
        FromMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED,
                                    info_.rank, MPI_INFO_NULL, &host),
                "MPI_Comm_split_type"));
    MPI_Comm_rank(host, &info_.local_rank);
    MPI_Comm_size(host, &info_.local_size);
    // Ranks may be bound to cores of their own.
    CoreMask cores = UsableCoreMask();
    REPRISE_RETURN_IF_ERROR(FromMpi(
        MPI_Allreduce(MPI_IN_PLACE, cores.data(),
                      static_cast<int>(sizeof(cores)), MPI_BYTE, MPI_BOR, host),
        "MPI_Allreduce"));
    // Ranks of a host are in one container, if any.
    info_.local_cores = std::max(WithinQuota(NumCores(cores)), UsableCores());
    // The same on all ranks: these are on one host, or none has all.
    const bool on_one_host = info_.local_size == info_.world_size;
    ring_piece_bytes_ = std::min(
        piece_bytes_, on_one_host ? kRingPieceOnOneHost : kPieceBetweenHosts);
    if (!on_one_host) {
      message_bytes_ = std::min(piece_bytes_, kPieceBetweenHosts);
    }
    MPI_Comm_free(&host);
    return absl::OkStatus();
  }

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
  absl::Status StartInto(const Collective& collective, MpiRequests& requests) {
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
          const std::vector<int64_t> sizes(info_.world_size, collective.count);
          const std::vector<int64_t> all_from_here(info_.world_size, 0);
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
        std::vector<int64_t> offsets(info_.world_size, 0);
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
                             MpiRequests& requests) {
    const char* from_here = static_cast<const char*>(sent);
    for (int rank = 0; rank < info_.world_size; ++rank) {
      const int64_t bytes = received_bytes[rank];
      if (rank == info_.rank && bytes > 0) {
        if (bytes != sent_bytes[rank]) {
          return DistributedError(absl::StrCat(
              "AllToAllv: rank ", rank, " sends ", sent_bytes[rank],
              " bytes to itself and expects ", bytes));
        }
        std::memcpy(received, from_here + sent_at[rank], bytes);
      } else if (rank != info_.rank) {
        REPRISE_RETURN_IF_ERROR(requests.Receive(received, bytes, rank,
                                                 kExchangeTag, message_bytes_));
      }
      received += bytes;
    }
    for (int step = 1; step < info_.world_size; ++step) {
      const int rank = (info_.rank + step) % info_.world_size;
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
  RankInfo info_;
  int64_t next_ring_ = 0;  // counts AllReduces
  std::vector<RingScratch> free_scratch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Transport>> MakeMpiTransport(
    int64_t piece_bytes) {
  auto transport = std::make_unique<MpiTransport>(piece_bytes);
  REPRISE_RETURN_IF_ERROR(transport->Init());
  return transport;
}

}  // namespace reprise
