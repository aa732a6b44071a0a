// `reprise influx replay RUN`: sends the points of a run to InfluxDB, again or
// for the first time.
//
// Which they are: run_points.h. Sent twice they are in the database once: a
// point is known by its time and tags.
#ifndef REPRISE_LAUNCH_INFLUX_INFLUX_COMMAND_H_
#define REPRISE_LAUNCH_INFLUX_INFLUX_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// `arguments` follow the verb influx; --help among them prints what the command
// takes. Where to is what the flags say, else what the run's own did; a damaged
// run.json is only told where flags say enough. Progress goes to `out`.
// UsageError; DataError where the run's files are not what they
// should be, or the server refuses points; StorageError where they cannot be
// read; DistributedError where the server does not take them.
absl::Status RunInfluxCommand(const std::vector<std::string>& arguments,
                              std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_INFLUX_INFLUX_COMMAND_H_
