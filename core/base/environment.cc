#include "core/base/environment.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace reprise {
namespace {

// Of the user `name`; nullptr: of this process's. Empty if there is none.
std::string HomeInPasswd(const char* name) {
  std::vector<char> buffer(1 << 14);
  passwd entry;
  passwd* found = nullptr;
  if (name == nullptr) {
    getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found);
  } else {
    getpwnam_r(name, &entry, buffer.data(), buffer.size(), &found);
  }
  return found == nullptr ? "" : found->pw_dir;
}

}  // namespace

std::string GetEnv(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string HomeFolder() {
  std::string home = GetEnv("HOME");
  return home.empty() ? HomeInPasswd(nullptr) : home;
}

std::string ResolveUserPath(absl::string_view path) {
  if (path.empty() || path[0] == '/') return std::string(path);
  if (path[0] == '~') {
    const size_t end = path.find('/');
    const std::string user(path.substr(1, end == path.npos ? end : end - 1));
    const std::string home =
        user.empty() ? HomeFolder() : HomeInPasswd(user.c_str());
    if (!home.empty()) {
      return absl::StrCat(home, end == path.npos ? "" : path.substr(end));
    }
  }
  const std::string stood = GetEnv("BUILD_WORKING_DIRECTORY");
  if (stood.empty()) return std::string(path);
  return absl::StrCat(stood, "/", absl::StripPrefix(path, "./"));
}

}  // namespace reprise
