// `reprise data`: what is on disk, and getting it there.
//
//   reprise data verify [NAME...] [--dataset-dir DIR]
//   reprise data fetch NAME... [--dataset-dir DIR] [--mirror URL]
//   reprise data synthesize NAME... [--dataset-dir DIR]
//
// verify looks where a run would (data/dataset_search.h) and says how far what
// is there is the published data set. fetch and synthesize put a data set into
// DIR, or else $REPRISE_DATASETS or ./datasets, which is made; neither replaces
// anything, and both make the data set appear in one step or not at all.
// Generated data is marked, so that runs on it say what it is.
#ifndef REPRISE_LAUNCH_DATA_DATA_COMMAND_H_
#define REPRISE_LAUNCH_DATA_DATA_COMMAND_H_

#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "launch/data/rows/dataset_row.h"

namespace reprise {

// `arguments` follow the verb data; --help among them prints what the command
// takes. Lines for the user go to `out` as things happen. Stops at the first
// data set that fails; verify goes on and returns the first failure.
// UsageError; DataError if a data set is not what it should be, or cannot be
// had; StorageError.
absl::Status RunDataCommand(const std::vector<std::string>& arguments,
                            const std::vector<DatasetRow>& datasets,
                            std::ostream& out);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_DATA_COMMAND_H_
