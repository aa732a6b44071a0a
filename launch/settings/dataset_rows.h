// The data sets as the command line knows them: one row each, and nothing else
// compares their names. launch/data reads and generates them.
#ifndef REPRISE_LAUNCH_SETTINGS_DATASET_ROWS_H_
#define REPRISE_LAUNCH_SETTINGS_DATASET_ROWS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "launch/settings/data_settings.h"

namespace reprise {

struct DatasetSettingsRow {
  std::string name;
  std::string input_shape;  // of its samples: "3x32x32"
  std::string model;        // the one that reads it
  bool is_images = true;    // which --augment can move and flip
  // Of --quick, whose time they bound: samples of a task, and representatives
  // and candidates a step (0: as given).
  int64_t quick_train_samples = 0, quick_test_samples = 0;
  int64_t quick_representatives = 0;
};

const std::vector<DatasetSettingsRow>& DatasetSettingsRows();

// Of the spec's data set, which must be a row's.
const DatasetSettingsRow& RowOf(const DataSettings& settings);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_DATASET_ROWS_H_
