// The process environment, and paths as users write them: the same rule for
// every flag, verb and variable that names a file or a folder.
#ifndef REPRISE_CORE_BASE_ENVIRONMENT_H_
#define REPRISE_CORE_BASE_ENVIRONMENT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// The variable's value; empty where it is not set.
std::string GetEnv(const char* name);

// The user's home folder: $HOME, else the one that the system has for this
// user; empty where there is neither.
std::string HomeFolder();

// `path` for this process. A leading "~" or "~/" is the home folder, "~name"
// that of the user `name`: shells expand neither in "--flag=~/x" nor in quotes.
// A relative path is relative to where the user stood, $BUILD_WORKING_DIRECTORY
// under "bazel run", else the current folder. What cannot be expanded stays as
// it is.
std::string ResolveUserPath(absl::string_view path);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_ENVIRONMENT_H_
