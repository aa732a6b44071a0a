#include "launch/report/runs/run_search.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

}  // namespace

absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return UsageError(absl::StrCat(
        root, ": expected a folder of results, found ",
        fs::exists(root, error) ? "a file" : "nothing",
        "; remedy: name it, or set out from where runs have put theirs"));
  }
  std::vector<std::string> runs;
  if (fs::exists(root + "/run.json", error)) runs.push_back(root);
  for (fs::recursive_directory_iterator entry(root, error), end; entry != end;
       entry.increment(error)) {
    if (error) break;
    if (entry->path().filename() != "run.json") continue;
    const fs::path folder = entry->path().parent_path();
    if (folder != fs::path(root)) runs.push_back(folder.string());
  }
  if (error) {
    return StorageError(
        absl::StrCat("cannot read all of ", root, ": ", error.message()));
  }
  std::sort(runs.begin(), runs.end());
  return runs;
}

}  // namespace reprise
