// Whether what was downloaded or read is the published data set: errors that
// the data sets share.
#ifndef REPRISE_LAUNCH_DATA_ROWS_PUBLISHED_CHECK_H_
#define REPRISE_LAUNCH_DATA_ROWS_PUBLISHED_CHECK_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "data/dataset.h"

namespace reprise {

// The DataError of a downloaded file.
absl::Status WrongDigest(absl::string_view file, absl::string_view expected,
                         absl::string_view found);

// DataError unless both splits have the published number of samples of each
// class.
absl::Status CheckCounts(const DatasetPair& pair,
                         const std::vector<int64_t>& train,
                         const std::vector<int64_t>& test);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_PUBLISHED_CHECK_H_
