// CIFAR-10, as the program knows it.
#ifndef REPRISE_LAUNCH_DATA_ROWS_CIFAR10_ROW_H_
#define REPRISE_LAUNCH_DATA_ROWS_CIFAR10_ROW_H_

#include "launch/data/rows/dataset_row.h"

namespace reprise {

DatasetRow Cifar10Row();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_CIFAR10_ROW_H_
