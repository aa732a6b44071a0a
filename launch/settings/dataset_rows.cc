#include "launch/settings/dataset_rows.h"

#include "core/base/check.h"

namespace reprise {

const std::vector<DatasetSettingsRow>& DatasetSettingsRows() {
  // A sample of MNIST takes well below a millisecond, one of the others up to a
  // second (CANDLENet).
  static const auto& rows = *new std::vector<DatasetSettingsRow>{
      {"mnist", "1x28x28", "mnistnet", true, 256, 64, 0},
      {"cifar10", "3x32x32", "resnet", true, 24, 16, 8},
      {"candle", "1x1x60483", "candlenet", false, 24, 16, 8}};
  return rows;
}

const DatasetSettingsRow& RowOf(const DataSettings& settings) {
  for (const DatasetSettingsRow& row : DatasetSettingsRows()) {
    if (row.name == settings.dataset) return row;
  }
  REPRISE_CHECK(false) << "data set " << settings.dataset;
  return DatasetSettingsRows()[0];
}

}  // namespace reprise
