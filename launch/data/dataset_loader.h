// The data set of a run: read where it lies, or generated where there is none.
// A folder that the user named and that does not hold it is an error
// (data/dataset_search.h).
#ifndef REPRISE_LAUNCH_DATA_DATASET_LOADER_H_
#define REPRISE_LAUNCH_DATA_DATASET_LOADER_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/dataset_search.h"
#include "launch/data/rows/dataset_row.h"

namespace reprise {

struct DatasetRequest {
  std::string name;         // of dataset_table.h
  std::string dataset_dir;  // empty: the documented search
  uint64_t seed = 42;       // of what is generated
  bool quick = false;
  // Scaled and transformed as the research code did.
  bool as_upstream = false;
};

// `threads` parse text. `warnings`: lines for the user. The source of what is
// generated says what was looked for, and where. DataError of what is there and
// cannot be read, also in a form that its reader does not take.
absl::StatusOr<DatasetPair> LoadDataset(const DatasetRequest& request,
                                        int threads,
                                        std::vector<std::string>* warnings);

using ReadsFolder =
    std::function<absl::StatusOr<DatasetPair>(const std::string& folder)>;

// What `read` says, as a DataError, of the first of `folders`, some of those
// that `place` looked at, that holds the data set in a form that it does not
// take: packed, or under other names. OK: none does. A folder that the user
// named is searched deeper (data/near_miss.h).
absl::Status FindUnreadable(const DatasetRow& row, const DatasetPlace& place,
                            const std::vector<std::string>& folders,
                            const ReadsFolder& read);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_DATASET_LOADER_H_
