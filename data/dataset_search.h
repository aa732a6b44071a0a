// Where data sets lie: the folder given by --dataset-dir; else the first of
// $REPRISE_DATASETS, ./datasets and ~/datasets that has the data set. Paths are
// ResolveUserPath's (core/base/environment.h).
#ifndef REPRISE_DATA_DATASET_SEARCH_H_
#define REPRISE_DATA_DATASET_SEARCH_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct DatasetPlace {
  // The folder that has the data set searched for; empty: none has.
  std::string folder;
  // Absolute or as the environment names them, in order.
  std::vector<std::string> looked_at;
  // How the user named the first of them, "--dataset-dir" or
  // "REPRISE_DATASETS"; empty: not at all.
  std::string named_by;
};

// Looks for a folder that has one of the entries ("MNIST", and names of files,
// by which a data set's own folder is known). `dataset_dir` as
// given by the user; empty: the search. DataError if a folder that was named
// explicitly (dataset_dir, or $REPRISE_DATASETS in its absence) does not exist
// or is unreadable: that is a mistake, not an absent data set.
absl::StatusOr<DatasetPlace> FindDatasets(
    absl::string_view dataset_dir, const std::vector<std::string>& entries);

}  // namespace reprise

#endif  // REPRISE_DATA_DATASET_SEARCH_H_
