#include "data/near_miss.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

constexpr int kMostNames = 5000;
constexpr size_t kListed = 8;

}  // namespace

std::optional<NearMiss> FindNearMiss(const std::string& folder,
                                     const std::vector<Clue>& clues,
                                     int levels) {
  size_t best = clues.size();
  std::string path;
  std::error_code error;
  fs::recursive_directory_iterator next(
      folder, fs::directory_options::skip_permission_denied, error);
  for (int names = 0; !error && names < kMostNames &&
                      next != fs::recursive_directory_iterator();
       ++names) {
    const std::string name =
        absl::AsciiStrToLower(next->path().filename().string());
    for (size_t i = 0; i < clues.size() && i <= best; ++i) {
      if (!absl::StartsWith(name, clues[i].begin)) continue;
      const std::string found =
          next->path().lexically_relative(folder).string();
      // The same one whatever the order of the folder.
      if (i < best || found < path) path = found;
      best = i;
      break;
    }
    if (next.depth() >= levels - 1) next.disable_recursion_pending();
    next.increment(error);
  }
  if (best == clues.size()) return std::nullopt;
  return NearMiss{path, clues[best].remedy};
}

std::string FoundInstead(const std::string& folder,
                         const std::vector<Clue>& clues,
                         const std::string& remedy) {
  const std::optional<NearMiss> near = FindNearMiss(folder, clues);
  return near.has_value()
             ? absl::StrCat(near->path, "; remedy: ", near->remedy)
             : absl::StrCat(ListFolder(folder), "; remedy: ", remedy);
}

std::string ListFolder(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error, ignored;
  for (fs::directory_iterator next(folder, error);
       !error && next != fs::directory_iterator(); next.increment(error)) {
    names.push_back(absl::StrCat(next->path().filename().string(),
                                 next->is_directory(ignored) ? "/" : ""));
  }
  if (names.empty()) return "nothing";
  std::sort(names.begin(), names.end());
  if (names.size() <= kListed) return absl::StrJoin(names, ", ");
  const size_t more = names.size() - kListed;
  names.resize(kListed);
  return absl::StrCat(absl::StrJoin(names, ", "), " and ", more, " more");
}

}  // namespace reprise
