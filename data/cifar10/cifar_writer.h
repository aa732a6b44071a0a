// Writes CIFAR-10's binary layout, which cifar10.h reads: generated data sets
// and tests.
#ifndef REPRISE_DATA_CIFAR10_CIFAR_WRITER_H_
#define REPRISE_DATA_CIFAR10_CIFAR_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "data/dataset.h"

namespace reprise {

// The six files in <folder>/CIFAR10/cifar-10-batches-bin, which is created;
// those that are there are replaced one by one. `pair` has rows of
// Cifar10RowFormat, labels 0..9, five training samples or more and a test
// sample or more; the training samples go to five files in order. StorageError
// naming the path.
absl::Status WriteCifar10(const std::string& folder, const DatasetPair& pair);

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR_WRITER_H_
