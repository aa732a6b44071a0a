#include "data/real_data.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "core/base/environment.h"

namespace reprise {

std::optional<std::string> FindRealData(absl::string_view subfolder) {
  const std::string named = GetEnv("REPRISE_DATASETS");
  if (named.empty()) return std::nullopt;
  const std::string folder = ResolveUserPath(named);
  struct stat found;
  if (stat(absl::StrCat(folder, "/", subfolder).c_str(), &found) != 0) {
    return std::nullopt;
  }
  return folder;
}

}  // namespace reprise
