#include "data/dataset_search.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "core/base/environment.h"
#include "core/base/status.h"

namespace reprise {
namespace {

absl::Status CheckReadable(const std::string& folder,
                           absl::string_view origin) {
  struct stat found;
  std::string problem;
  if (stat(folder.c_str(), &found) != 0 ||
      (S_ISDIR(found.st_mode) && access(folder.c_str(), R_OK | X_OK) != 0)) {
    problem = std::generic_category().message(errno);
  } else if (!S_ISDIR(found.st_mode)) {
    problem = "a file";
  }
  if (problem.empty()) return absl::OkStatus();
  return DataError(absl::StrCat(
      folder, ": expected a readable folder of data sets, named by ", origin,
      ", found: ", problem,
      "; remedy: correct it, or leave it out to search "
      "./datasets and ~/datasets"));
}

}  // namespace

absl::StatusOr<DatasetPlace> FindDatasets(
    absl::string_view dataset_dir, const std::vector<std::string>& entries) {
  DatasetPlace place;
  if (!dataset_dir.empty()) {
    place.looked_at = {ResolveUserPath(dataset_dir)};
    place.named_by = "--dataset-dir";
  } else {
    const std::string named = GetEnv("REPRISE_DATASETS");
    if (!named.empty()) {
      place.looked_at.push_back(ResolveUserPath(named));
      place.named_by = "REPRISE_DATASETS";
    }
    place.looked_at.push_back(ResolveUserPath("datasets"));
    const std::string home = HomeFolder();
    if (!home.empty()) place.looked_at.push_back(home + "/datasets");
  }
  if (!place.named_by.empty()) {
    REPRISE_RETURN_IF_ERROR(CheckReadable(place.looked_at[0], place.named_by));
  }
  for (const std::string& folder : place.looked_at) {
    // lstat: a broken link counts as there, so that reading it says what is
    // wrong.
    struct stat found;
    for (const std::string& entry : entries) {
      if (lstat(absl::StrCat(folder, "/", entry).c_str(), &found) != 0)
        continue;
      place.folder = folder;
      return place;
    }
  }
  return place;
}

}  // namespace reprise
