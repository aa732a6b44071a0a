// Real data sets for tests, which skip without them. Not for programs.
//
//   const std::optional<std::string> folder = FindRealData("MNIST");
//   if (!folder.has_value()) GTEST_SKIP() << "no MNIST on this machine";
#ifndef REPRISE_DATA_REAL_DATA_H_
#define REPRISE_DATA_REAL_DATA_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// The first of $REPRISE_DATASETS, datasets in the workspace and ~/datasets that
// has an entry `subfolder`. Others: bazel test --test_env=REPRISE_DATASETS=...
std::optional<std::string> FindRealData(absl::string_view subfolder);

}  // namespace reprise

#endif  // REPRISE_DATA_REAL_DATA_H_
