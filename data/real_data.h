// Real data sets for tests, which skip without them.
//
//   const std::optional<std::string> folder = FindRealData("MNIST");
//   if (!folder.has_value()) GTEST_SKIP() << "no MNIST on this machine";
#ifndef REPRISE_DATA_REAL_DATA_H_
#define REPRISE_DATA_REAL_DATA_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

// $REPRISE_DATASETS, if it has an entry `subfolder`: where data lies on a
// machine is for whoever runs the test to say, by
// bazel test --test_env=REPRISE_DATASETS=FOLDER, as .ci/run does.
std::optional<std::string> FindRealData(absl::string_view subfolder);

}  // namespace reprise

#endif  // REPRISE_DATA_REAL_DATA_H_
