// Writes the files that idx.h and mnist.h read: generated data sets and tests.
#ifndef REPRISE_DATA_MNIST_IDX_WRITER_H_
#define REPRISE_DATA_MNIST_IDX_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "data/dataset.h"

namespace reprise {

// One array of unsigned bytes; gzip-compressed if `path` ends in .gz. Replaces
// the file in one step. StorageError naming the path.
absl::Status WriteIdx(const std::string& path,
                      const std::vector<int64_t>& sizes,
                      const std::vector<std::byte>& bytes);

// MNIST's four files in <folder>/MNIST/raw, which is created. `pair` has uint8
// rows of one channel and labels below 256.
absl::Status WriteMnist(const std::string& folder, const DatasetPair& pair,
                        bool compressed);

}  // namespace reprise

#endif  // REPRISE_DATA_MNIST_IDX_WRITER_H_
