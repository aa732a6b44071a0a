// One batch file of CIFAR-10 in memory, whichever of the two published layouts
// it has, and the reader of the binary one: records of 3,073 bytes, a label and
// 3 x 32 x 32 pixels.
#ifndef REPRISE_DATA_CIFAR10_CIFAR_BATCH_H_
#define REPRISE_DATA_CIFAR10_CIFAR_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

constexpr int64_t kCifarRowBytes = 3 * 32 * 32;
constexpr int kCifarClasses = 10;

// Record i has labels[i], below 10, and the kCifarRowBytes pixels [3, 32, 32]
// at content[first + i * stride]. At least one record.
struct CifarBatch {
  std::string content;
  std::vector<uint8_t> labels;
  size_t first = 0;
  size_t stride = 0;
};

// `content` is that of the file `path`, which only messages use. Any number of
// records. DataError naming file, offset, expected, found and remedy.
absl::StatusOr<CifarBatch> ParseCifarBinary(std::string content,
                                            const std::string& path);

}  // namespace reprise

#endif  // REPRISE_DATA_CIFAR10_CIFAR_BATCH_H_
