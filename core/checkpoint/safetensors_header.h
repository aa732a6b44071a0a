// Reading of a safetensors file's header, up to where every byte of its data
// belongs to one tensor. The format: core/checkpoint/safetensors.h.
#ifndef REPRISE_CORE_CHECKPOINT_SAFETENSORS_HEADER_H_
#define REPRISE_CORE_CHECKPOINT_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/file.h"
#include "core/checkpoint/stored_tensor.h"

namespace reprise {

// Of the header's length, in front of the header.
inline constexpr int64_t kSafetensorsLengthBytes = 8;
inline constexpr char kSafetensorsMetadataKey[] = "__metadata__";

struct SafetensorsHeader {
  // In the order of their data, `bytes` not set. Tensor i's data begins
  // begins[i] bytes after the data's beginning; there are no holes.
  std::vector<StoredTensor> tensors;
  std::vector<int64_t> begins;
  SafetensorsMetadata metadata;
  // The file's offset of the data, which ends with the file.
  int64_t data_begin = 0;
};

// DataError naming file, offset, expected, found and remedy if anything about
// the header is wrong; StorageError if the file cannot be read. Reads nothing
// of the data.
absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const InputFile& file);

}  // namespace reprise

#endif  // REPRISE_CORE_CHECKPOINT_SAFETENSORS_HEADER_H_
