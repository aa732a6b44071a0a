#include "launch/data/dataset_table.h"

#include "launch/data/rows/candle_row.h"
#include "launch/data/rows/cifar10_row.h"
#include "launch/data/rows/mnist_row.h"

namespace reprise {

const std::vector<DatasetRow>& DatasetTable() {
  static const std::vector<DatasetRow>& rows =
      *new std::vector<DatasetRow>{MnistRow(), Cifar10Row(), CandleRow()};
  return rows;
}

const DatasetRow* FindDatasetRow(absl::string_view name) {
  for (const DatasetRow& row : DatasetTable()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

}  // namespace reprise
