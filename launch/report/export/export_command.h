// `reprise export`: the numbers of runs as one table for other programs.
//
//   reprise export RUN [MORE...] --csv[=FILE] [--table=NAME]
//   reprise export RUN [MORE...] --json[=FILE] [--table=NAME]
//
// The tables are those of run_tables.h.
#ifndef REPRISE_LAUNCH_REPORT_EXPORT_EXPORT_COMMAND_H_
#define REPRISE_LAUNCH_REPORT_EXPORT_EXPORT_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// `arguments` follow the verb. "-", or no FILE, is `out`. A file is replaced in
// one step once the table is whole, so that an error leaves what was there.
// UsageError, WriteRunTable's errors, StorageError.
absl::Status RunExportCommand(const std::vector<std::string>& arguments,
                              std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_EXPORT_EXPORT_COMMAND_H_
