// `reprise runs`: which runs there are, and what each came to.
//
//   reprise runs [DIR] [--agent=NAMES] [--dataset=NAMES] [--state=STATE]
//                [--sort=FIELD] [--json]
//
// One line for each folder of a run in DIR (./results) and below, as sweeps
// leave them; the newest first.
#ifndef REPRISE_LAUNCH_REPORT_RUNS_RUNS_COMMAND_H_
#define REPRISE_LAUNCH_REPORT_RUNS_RUNS_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// `arguments` follow the verb. Lines go to `out`, at most `width` columns wide;
// 0: any width. UsageError; where a folder cannot be read, or its files are not
// what they should be, the others are listed, and then this is the first one's
// error.
absl::Status RunRunsCommand(const std::vector<std::string>& arguments,
                            int width, std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUNS_RUNS_COMMAND_H_
