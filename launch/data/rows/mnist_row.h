// MNIST, as the program knows it.
#ifndef REPRISE_LAUNCH_DATA_ROWS_MNIST_ROW_H_
#define REPRISE_LAUNCH_DATA_ROWS_MNIST_ROW_H_

#include "launch/data/rows/dataset_row.h"

namespace reprise {

DatasetRow MnistRow();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_MNIST_ROW_H_
