#include "data/real_data.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/environment.h"

namespace reprise {
namespace {

// The checkout that the test was built from: a test runs in a folder of links,
// and this package's header is one of them. Empty if it is not.
std::string Workspace() {
  constexpr char kFile[] = "data/real_data.h";
  const std::unique_ptr<char, void (*)(void*)> real(realpath(kFile, nullptr),
                                                    free);
  if (real == nullptr) return "";
  absl::string_view workspace(real.get());
  return absl::ConsumeSuffix(&workspace, absl::StrCat("/", kFile))
             ? std::string(workspace)
             : "";
}

}  // namespace

std::optional<std::string> FindRealData(absl::string_view subfolder) {
  std::vector<std::string> places;
  const std::string named = GetEnv("REPRISE_DATASETS");
  if (!named.empty()) places.push_back(ResolveUserPath(named));
  const std::string workspace = Workspace();
  if (!workspace.empty()) places.push_back(workspace + "/datasets");
  // $HOME of a test is its temporary folder.
  if (const passwd* user = getpwuid(getuid())) {
    places.push_back(absl::StrCat(user->pw_dir, "/datasets"));
  }
  for (const std::string& place : places) {
    struct stat found;
    if (stat(absl::StrCat(place, "/", subfolder).c_str(), &found) == 0) {
      return place;
    }
  }
  return std::nullopt;
}

}  // namespace reprise
