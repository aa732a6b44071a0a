#include "data/generated_mark.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

std::string MarkOf(const std::string& folder) {
  return folder + "/GENERATED.txt";
}

}  // namespace

absl::Status MarkAsGenerated(const std::string& folder,
                             const std::string& what) {
  return ReplaceFile(MarkOf(folder), {what, "\n"});
}

absl::Status ApplyGeneratedMark(DatasetPair* pair) {
  const std::string mark = MarkOf(pair->source);
  REPRISE_ASSIGN_OR_RETURN(const bool marked, IsThere(mark));
  if (!marked) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(const StoredContent content, ReadStoredFile(mark));
  const std::string line =
      content.bytes.substr(0, std::min<size_t>(content.bytes.find('\n'), 200));
  pair->generated = true;
  absl::StrAppend(&pair->source, " (", line, ")");
  return absl::OkStatus();
}

}  // namespace reprise
