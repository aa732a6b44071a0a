// A strict reader of the IDX format, in which MNIST is published: big-endian
// magic 00 00 08 d (unsigned bytes, d dimensions), d sizes of 32 bits, the
// bytes.
//
// Files named *.gz must hold one gzip stream and others must not: a name that
// promises something else than the content is an error, not a guess. Symbolic
// links are followed. Memory stays below 64 MiB plus three times what the file
// really holds, whatever its dimensions claim.
//
// Every failure is a DataError that names file, offset (in the uncompressed
// content unless said otherwise), what was expected and found, and the remedy.
#ifndef REPRISE_DATA_MNIST_IDX_H_
#define REPRISE_DATA_MNIST_IDX_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

struct IdxArray {
  std::vector<int64_t> sizes;    // of each dimension, all positive
  std::vector<std::byte> bytes;  // row-major, product of sizes
  std::string digest;            // StoredFile's, of the file as stored
};

// `dimensions` is 1 for label files and 3 for image files. Thread-safe.
absl::StatusOr<IdxArray> ReadIdx(const std::string& path, int dimensions);

}  // namespace reprise

#endif  // REPRISE_DATA_MNIST_IDX_H_
