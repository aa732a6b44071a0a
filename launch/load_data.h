// The data set that an experiment names: read where it lies, or generated where
// there is none and nobody named a place for it.
#ifndef REPRISE_LAUNCH_LOAD_DATA_H_
#define REPRISE_LAUNCH_LOAD_DATA_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "launch/experiment.h"

namespace reprise {

// `threads` parse text. `warnings`: lines for the user.
absl::StatusOr<DatasetPair> LoadData(const ExperimentSpec& spec, int threads,
                                     std::vector<std::string>* warnings);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_LOAD_DATA_H_
