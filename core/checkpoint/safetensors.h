// The safetensors format (github huggingface/safetensors): weights as any tool
// of the field reads them, without code in them. Free of LibTorch.
//
//   8 bytes   H, the header's length, little-endian
//   H bytes   JSON: {"__metadata__": {text: text},
//                    name: {"dtype": "F32", "shape": [..],
//                           "data_offsets": [begin, end)}, ..}, then spaces
//   the rest  the data, offsets counted from its start, without holes
//
// The writer orders tensors and pads the header to 8 bytes as the reference
// implementation does, so that every tensor is aligned to its element and equal
// content gives equal files (metadata ascend by key; the reference leaves their
// order open).
//
// The reader is stricter than the reference: it refuses duplicate and unknown
// keys, holes, overlaps, trailing bytes, and files beyond the limits of
// core/checkpoint/stored_tensor.h.
#ifndef REPRISE_CORE_CHECKPOINT_SAFETENSORS_H_
#define REPRISE_CORE_CHECKPOINT_SAFETENSORS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/checkpoint/stored_tensor.h"

namespace reprise {

// Replaces `path` in one step (core/base/file.h). InvalidArgument if names
// repeat or are not UTF-8, a type is not stored, bytes do not fit a shape, or a
// limit is exceeded.
absl::Status WriteSafetensors(const std::string& path,
                              std::vector<StoredTensor> tensors,
                              const SafetensorsMetadata& metadata);

// The content of one file, in memory. Movable; immutable.
class Safetensors {
 public:
  // DataError naming file, offset, expected, found and remedy if anything about
  // the content is wrong, before any of the data is read; StorageError if the
  // file cannot be read. Allocates at most the file's size + 1 MiB.
  static absl::StatusOr<Safetensors> Read(const std::string& path);

  // In the order of their data. `bytes` are owned by this object and aligned as
  // the file has them: copy before reading them as numbers.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  const SafetensorsMetadata& metadata() const { return metadata_; }

 private:
  Safetensors(std::unique_ptr<char[]> data, std::vector<StoredTensor> tensors,
              SafetensorsMetadata metadata)
      : data_(std::move(data)),
        tensors_(std::move(tensors)),
        metadata_(std::move(metadata)) {}

  std::unique_ptr<char[]> data_;
  std::vector<StoredTensor> tensors_;
  SafetensorsMetadata metadata_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_CHECKPOINT_SAFETENSORS_H_
