// The data sets: a row each, and the only list of them. A new data set is a new
// row. Free of LibTorch.
#ifndef REPRISE_LAUNCH_DATA_DATASET_TABLE_H_
#define REPRISE_LAUNCH_DATA_DATASET_TABLE_H_

#include <vector>

#include "absl/strings/string_view.h"
#include "launch/data/rows/dataset_row.h"

namespace reprise {

// In the order in which users read their names.
const std::vector<DatasetRow>& DatasetTable();

// nullptr if there is none of that name.
const DatasetRow* FindDatasetRow(absl::string_view name);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_DATASET_TABLE_H_
