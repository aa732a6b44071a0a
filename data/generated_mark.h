// Generated data that is stored in a real data set's layout carries a mark, so
// that whoever reads it can say what it is.
#ifndef REPRISE_DATA_GENERATED_MARK_H_
#define REPRISE_DATA_GENERATED_MARK_H_

#include <string>

#include "absl/status/status.h"
#include "data/dataset.h"

namespace reprise {

// Writes `what` (one line) to GENERATED.txt in `folder`, which exists: before
// the data, so that there is never data without it. StorageError.
absl::Status MarkAsGenerated(const std::string& folder,
                             const std::string& what);

// Where pair->source, a folder, is marked, sets pair->generated and adds the
// mark's line to the source. DataError if the mark cannot be read.
absl::Status ApplyGeneratedMark(DatasetPair* pair);

}  // namespace reprise

#endif  // REPRISE_DATA_GENERATED_MARK_H_
