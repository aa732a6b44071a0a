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
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace {

// Open MPI's non-blocking allreduce chooses among algorithms that add in
// different orders, by size and by release. Pinned to the ring: fewest bytes
// per rank, and one order for every size. Set before MPI_Init unless the user
// has chosen. The name is the same in Open MPI 4.1 and 5.0.
constexpr char kAlgorithmVariable[] =
    "OMPI_MCA_coll_libnbc_iallreduce_algorithm";
constexpr char kRing[] = "1";

// Open MPI's handlers of SIGABRT, SIGBUS, SIGFPE and SIGSEGV print a stack with
// malloc, which hangs for ever when the heap is what broke.
constexpr char kSignalVariable[] = "OMPI_MCA_opal_signal";

absl::Status FromMpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return absl::OkStatus();
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return DistributedError(
      absl::StrCat(call, " failed: ", absl::string_view(text, length)));
}

template <DType kDType>
void Add16BitFloats(void* from, void* into, int* count, MPI_Datatype*) {
  Reduce(from, into, *count, kDType, ReduceOp::kSum);
}
template <DType kDType>
void Max16BitFloats(void* from, void* into, int* count, MPI_Datatype*) {
  Reduce(from, into, *count, kDType, ReduceOp::kMax);
}
template <DType kDType>
void Min16BitFloats(void* from, void* into, int* count, MPI_Datatype*) {
  Reduce(from, into, *count, kDType, ReduceOp::kMin);
}

MPI_Datatype TypeOf(DType dtype) {
  switch (dtype) {
    case DType::kUint8:
      return MPI_UINT8_T;
    case DType::kInt32:
      return MPI_INT32_T;
    case DType::kInt64:
      return MPI_INT64_T;
    case DType::kFloat16:
    case DType::kBFloat16:
      return MPI_UINT16_T;  // with an operation of our own
    case DType::kFloat32:
      return MPI_FLOAT;
    case DType::kFloat64:
      return MPI_DOUBLE;
  }
  return MPI_DATATYPE_NULL;
}

class MpiTransport final : public Transport {
 public:
  explicit MpiTransport(int64_t piece_bytes) : piece_bytes_(piece_bytes) {}

  absl::Status Init() {
    setenv(kAlgorithmVariable, kRing, /*overwrite=*/0);
    setenv(kSignalVariable, "", /*overwrite=*/0);
    int provided = 0;
    REPRISE_RETURN_IF_ERROR(FromMpi(
        MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided),
        "MPI_Init_thread"));
    if (provided < MPI_THREAD_FUNNELED) {
      return DistributedError("this MPI lacks MPI_THREAD_FUNNELED");
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
    MPI_Comm_free(&host);
    MPI_Op_create(&Add16BitFloats<DType::kFloat16>, 1, &fp16_ops_[0]);
    MPI_Op_create(&Max16BitFloats<DType::kFloat16>, 1, &fp16_ops_[1]);
    MPI_Op_create(&Min16BitFloats<DType::kFloat16>, 1, &fp16_ops_[2]);
    MPI_Op_create(&Add16BitFloats<DType::kBFloat16>, 1, &bf16_ops_[0]);
    MPI_Op_create(&Max16BitFloats<DType::kBFloat16>, 1, &bf16_ops_[1]);
    MPI_Op_create(&Min16BitFloats<DType::kBFloat16>, 1, &bf16_ops_[2]);
    description_ = DescribeLibrary();
    return absl::OkStatus();
  }

  int rank() const override { return rank_; }
  int world_size() const override { return world_size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }

  std::string Describe() const override { return description_; }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    auto requests = std::make_unique<Requests>();
    REPRISE_RETURN_IF_ERROR(StartInto(collective, requests->requests));
    return requests;
  }

  void Abort(const absl::Status& status) override {
    // MPI_Abort ends this process before anybody else could tell the reason.
    LogError(absl::StrCat("aborting all ranks: ", status.message()));
    MPI_Abort(MPI_COMM_WORLD, static_cast<int>(ExitCodeOf(status)));
  }

  absl::Status Finalize() override {
    for (MPI_Op* op : {fp16_ops_, bf16_ops_}) {
      for (int i = 0; i < 3; ++i) MPI_Op_free(&op[i]);
    }
    return FromMpi(MPI_Finalize(), "MPI_Finalize");
  }

 private:
  struct Requests final : public Pending {
    std::vector<MPI_Request> requests;

    absl::StatusOr<bool> Test() override {
      for (MPI_Request& request : requests) {
        int done = 0;
        REPRISE_RETURN_IF_ERROR(
            FromMpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
        if (!done) return false;
      }
      return true;
    }
  };

  static std::string DescribeLibrary() {
    char version[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(version, &length);
    const std::string text(version, length);
    return absl::StrCat("mpi: ", text.substr(0, text.find(',')), ", ",
                        kAlgorithmVariable, "=", getenv(kAlgorithmVariable));
  }

  MPI_Op OpOf(DType dtype, ReduceOp op) const {
    const int index = static_cast<int>(op);
    if (dtype == DType::kFloat16) return fp16_ops_[index];
    if (dtype == DType::kBFloat16) return bf16_ops_[index];
    const MPI_Op ops[] = {MPI_SUM, MPI_MAX, MPI_MIN};
    return ops[index];
  }

  absl::Status StartInto(const Collective& collective,
                         std::vector<MPI_Request>& requests) {
    auto add = [&requests] {
      requests.push_back(MPI_REQUEST_NULL);
      return &requests.back();
    };
    char* data = static_cast<char*>(collective.data);
    switch (collective.kind) {
      case Collective::Kind::kBarrier:
        return FromMpi(MPI_Ibarrier(MPI_COMM_WORLD, add()), "MPI_Ibarrier");
      case Collective::Kind::kAllReduce: {
        const int64_t size = SizeInBytes(collective.dtype);
        const int64_t piece = piece_bytes_ / size;
        for (int64_t at = 0; at < collective.count; at += piece) {
          REPRISE_RETURN_IF_ERROR(FromMpi(
              MPI_Iallreduce(
                  MPI_IN_PLACE, data + at * size,
                  static_cast<int>(std::min(collective.count - at, piece)),
                  TypeOf(collective.dtype),
                  OpOf(collective.dtype, collective.op), MPI_COMM_WORLD, add()),
              "MPI_Iallreduce"));
        }
        return absl::OkStatus();
      }
      case Collective::Kind::kBroadcast:
        for (int64_t at = 0; at < collective.count; at += piece_bytes_) {
          REPRISE_RETURN_IF_ERROR(FromMpi(
              MPI_Ibcast(data + at,
                         static_cast<int>(
                             std::min(collective.count - at, piece_bytes_)),
                         MPI_BYTE, collective.root, MPI_COMM_WORLD, add()),
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
        return FromMpi(MPI_Iallgather(collective.sent, count, MPI_BYTE, data,
                                      count, MPI_BYTE, MPI_COMM_WORLD, add()),
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
  // Messages between two ranks keep their order, so one tag does.
  absl::Status StartExchange(const void* sent,
                             const std::vector<int64_t>& sent_bytes,
                             const std::vector<int64_t>& sent_at,
                             char* received,
                             const std::vector<int64_t>& received_bytes,
                             std::vector<MPI_Request>& requests) {
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
      }
      for (int64_t at = 0; rank != rank_ && at < bytes; at += piece_bytes_) {
        requests.push_back(MPI_REQUEST_NULL);
        REPRISE_RETURN_IF_ERROR(FromMpi(
            MPI_Irecv(received + at,
                      static_cast<int>(std::min(bytes - at, piece_bytes_)),
                      MPI_BYTE, rank, kTag, MPI_COMM_WORLD, &requests.back()),
            "MPI_Irecv"));
      }
      received += bytes;
    }
    for (int step = 1; step < world_size_; ++step) {
      const int rank = (rank_ + step) % world_size_;
      const int64_t bytes = sent_bytes[rank];
      for (int64_t at = 0; at < bytes; at += piece_bytes_) {
        requests.push_back(MPI_REQUEST_NULL);
        REPRISE_RETURN_IF_ERROR(FromMpi(
            MPI_Isend(from_here + sent_at[rank] + at,
                      static_cast<int>(std::min(bytes - at, piece_bytes_)),
                      MPI_BYTE, rank, kTag, MPI_COMM_WORLD, &requests.back()),
            "MPI_Isend"));
      }
    }
    return absl::OkStatus();
  }

  static constexpr int kTag = 1;

  const int64_t piece_bytes_;
  int rank_ = 0, world_size_ = 1, local_rank_ = 0, local_size_ = 1;
  MPI_Op fp16_ops_[3], bf16_ops_[3];  // sum, max, min
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
