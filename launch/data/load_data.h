// The data set that an experiment names: read where it lies, or generated where
// there is none. A folder that was named and is not there is an error
// (data/dataset_search.h).
#ifndef REPRISE_LAUNCH_DATA_LOAD_DATA_H_
#define REPRISE_LAUNCH_DATA_LOAD_DATA_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// `threads` parse text. `warnings`: lines for the user. The source of what is
// generated says what was looked for, and where.
absl::StatusOr<DatasetPair> LoadData(const ExperimentSpec& spec, int threads,
                                     std::vector<std::string>* warnings);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_LOAD_DATA_H_
