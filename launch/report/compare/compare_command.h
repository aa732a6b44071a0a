// `reprise compare`: in what two runs or more differ, and what came of it.
//
//   reprise compare A B [MORE] [--same]
//
// The settings that differ; measures, times by phase and images a second side
// by side; the accuracy matrices; and the first record at which a run that
// should be the same is not.
#ifndef REPRISE_LAUNCH_REPORT_COMPARE_COMPARE_COMMAND_H_
#define REPRISE_LAUNCH_REPORT_COMPARE_COMPARE_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

// `arguments` follow the verb. Lines go to `out`, at most `width` columns wide
// where that can be; 0: any width. Returns the exit code: 1 where --same was
// given and a record differs, else 0. UsageError, and ReadRunFolder's.
absl::StatusOr<int> RunCompareCommand(const std::vector<std::string>& arguments,
                                      int width, std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_COMPARE_COMPARE_COMMAND_H_
