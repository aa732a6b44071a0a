#include "launch/run/ranks/rank_agreement.h"

#include <algorithm>
#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/program_info.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"

namespace reprise {

absl::Status AgreeOnLines(Communicator& communicator,
                          const std::vector<std::string>& lines,
                          absl::string_view what) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> all,
      AllGatherStrings(communicator, absl::StrJoin(lines, "\n")));
  const std::vector<std::string> first = absl::StrSplit(all[0], '\n');
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const std::vector<std::string> other = absl::StrSplit(all[rank], '\n');
    size_t i = 0;
    while (i < std::min(first.size(), other.size()) && first[i] == other[i]) {
      ++i;
    }
    return MarkAgreed(UsageError(absl::StrCat(
        "ranks 0 and ", rank, " differ in ", what, ": rank 0 has '",
        i < first.size() ? first[i] : "nothing more", "', rank ", rank,
        " has '", i < other.size() ? other[i] : "nothing more",
        "'; start all ranks with the same program, flags and files")));
  }
  return absl::OkStatus();
}

absl::Status AgreeOnConfiguration(
    Communicator& communicator, const std::vector<RecordedSetting>& settings) {
  const absl::StatusOr<std::string> digest = ProgramDigest();
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, digest.status()));
  std::vector<std::string> lines = {absl::StrCat("program = ", *digest)};
  for (const RecordedSetting& setting : settings) {
    lines.push_back(absl::StrCat(setting.name, " = ", setting.value_json));
  }
  return AgreeOnLines(communicator, lines, "their configuration or build");
}

absl::Status AgreeOnData(Communicator& communicator, const DatasetPair& data) {
  std::vector<std::string> lines = {
      absl::StrCat("generated = ", data.generated)};
  for (const auto& [file, digest] : data.digests) {
    lines.push_back(absl::StrCat(file, " = ", digest));
  }
  return AgreeOnLines(communicator, lines, "their data files");
}

}  // namespace reprise
