#include "core/comm/agreement.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"

namespace reprise {
namespace {

// The lengths of all ranks' strings.
absl::StatusOr<std::vector<int64_t>> AllLengths(Communicator& communicator,
                                                const std::string& mine) {
  const int64_t length = static_cast<int64_t>(mine.size());
  std::vector<int64_t> lengths(communicator.world_size());
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(&length, sizeof(length), lengths.data())->Wait());
  return lengths;
}

// A failure on the wire: "<exit code> <status code> <message>".
std::string Packed(const absl::Status& failure) {
  return absl::StrCat(static_cast<int>(ExitCodeOf(failure)), " ",
                      failure.raw_code(), " ", failure.message());
}

absl::Status Unpacked(const std::string& packed, size_t rank) {
  const std::vector<std::string> parts =
      absl::StrSplit(packed, absl::MaxSplits(' ', 2));
  int exit_code = 0, status_code = 0;
  REPRISE_CHECK(parts.size() == 3 && absl::SimpleAtoi(parts[0], &exit_code) &&
                absl::SimpleAtoi(parts[1], &status_code))
      << packed;
  return StatusWithExitCode(static_cast<absl::StatusCode>(status_code),
                            absl::StrCat("rank ", rank, ": ", parts[2]),
                            static_cast<ExitCode>(exit_code));
}

}  // namespace

absl::Status AgreeOnStatus(Communicator& communicator,
                           const absl::Status& local) {
  if (communicator.world_size() == 1) return local;
  int32_t failures = local.ok() ? 0 : 1;
  REPRISE_RETURN_IF_ERROR(
      communicator.AllReduce(&failures, 1, DType::kInt32, ReduceOp::kSum)
          ->Wait());
  if (failures == 0) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> all,
      AllGatherStrings(communicator, local.ok() ? "" : Packed(local)));
  for (size_t rank = 0; rank < all.size(); ++rank) {
    if (!all[rank].empty()) return MarkAgreed(Unpacked(all[rank], rank));
  }
  return absl::InternalError("a rank failed without a status");
}

absl::StatusOr<std::vector<std::string>> AllGatherStrings(
    Communicator& communicator, const std::string& mine) {
  REPRISE_ASSIGN_OR_RETURN(const std::vector<int64_t> lengths,
                           AllLengths(communicator, mine));
  const int64_t longest = *std::max_element(lengths.begin(), lengths.end());
  std::string padded = mine;
  padded.resize(longest);
  std::string all(longest * lengths.size(), '\0');
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(padded.data(), longest, all.data())->Wait());
  std::vector<std::string> strings;
  for (size_t r = 0; r < lengths.size(); ++r) {
    strings.push_back(all.substr(r * longest, lengths[r]));
  }
  return strings;
}

absl::StatusOr<std::vector<std::string>> GatherStringsOnRank0(
    Communicator& communicator, const std::string& mine) {
  REPRISE_ASSIGN_OR_RETURN(std::vector<int64_t> lengths,
                           AllLengths(communicator, mine));
  std::vector<int64_t> sent(lengths.size());
  sent[0] = static_cast<int64_t>(mine.size());
  if (communicator.rank() != 0) lengths.assign(lengths.size(), 0);
  std::string all(std::accumulate(lengths.begin(), lengths.end(), int64_t{0}),
                  '\0');
  REPRISE_RETURN_IF_ERROR(
      communicator.AllToAllv(mine.data(), sent, all.data(), lengths)->Wait());
  std::vector<std::string> strings;
  if (communicator.rank() != 0) return strings;
  size_t at = 0;
  for (const int64_t bytes : lengths) {
    strings.push_back(all.substr(at, bytes));
    at += bytes;
  }
  return strings;
}

}  // namespace reprise
