// `reprise report`: the page of one run, or of several beside each other.
//
//   reprise report RUN [--output=FILE]
//   reprise report RUN RUN... [--output=FILE] [--cost-model=FILE]
#ifndef REPRISE_LAUNCH_REPORT_REPORT_COMMAND_H_
#define REPRISE_LAUNCH_REPORT_REPORT_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// `arguments` follow the verb report; --help among them prints what it takes.
// The path of the page goes to `out`. UsageError; DataError for what is no
// folder of a run; StorageError.
absl::Status RunReportCommand(const std::vector<std::string>& arguments,
                              std::ostream& out);

// `folder`/report.html, as a run writes it when it has ended so: one that is
// not OK is the page's error.
absl::Status WriteRunReport(const std::string& folder,
                            const absl::Status& ended);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_REPORT_COMMAND_H_
