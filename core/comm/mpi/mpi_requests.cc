#include "core/comm/mpi/mpi_requests.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"

namespace reprise {

absl::Status FromMpi(int code, const char* call) {
  if (code == MPI_SUCCESS) return absl::OkStatus();
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  return DistributedError(
      absl::StrCat(call, " failed: ", absl::string_view(text, length)));
}

MPI_Request* MpiRequests::Add() {
  requests_.push_back(MPI_REQUEST_NULL);
  return &requests_.back();
}

absl::StatusOr<bool> MpiRequests::Test() {
  for (MPI_Request& request : requests_) {
    int done = 0;
    REPRISE_RETURN_IF_ERROR(
        FromMpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test"));
    if (!done) return false;
  }
  requests_.clear();
  return true;
}

absl::Status MpiRequests::Send(const char* data, int64_t bytes, int rank,
                               int tag, int64_t piece_bytes) {
  for (int64_t at = 0; at < bytes; at += piece_bytes) {
    REPRISE_RETURN_IF_ERROR(
        FromMpi(MPI_Isend(data + at,
                          static_cast<int>(std::min(bytes - at, piece_bytes)),
                          MPI_BYTE, rank, tag, MPI_COMM_WORLD, Add()),
                "MPI_Isend"));
  }
  return absl::OkStatus();
}

absl::Status MpiRequests::Receive(char* data, int64_t bytes, int rank, int tag,
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

}  // namespace reprise
