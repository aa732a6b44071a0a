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
// keys, holes, overlaps, trailing bytes, and the limits below.
#ifndef REPRISE_CORE_CHECKPOINT_SAFETENSORS_H_
#define REPRISE_CORE_CHECKPOINT_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/dtype.h"

namespace reprise {

// "U8", "BF16", "F32", "F64" or "I64": what a file calls the types that are
// stored. Of others DTypeName.
const char* StoredTypeName(DType type);

struct StoredTensor {
  std::string name;  // UTF-8
  DType type = DType::kFloat32;
  std::vector<int64_t> shape;  // empty: one element
  absl::string_view bytes;     // row-major, little-endian
};

using SafetensorsMetadata = std::map<std::string, std::string>;

// Of files that are written and read. They keep what the reader allocates
// beside the data and the texts of the header below 1 MiB, whatever a header
// claims.
inline constexpr int64_t kMaxHeaderBytes = 100'000'000;
inline constexpr int64_t kMaxStoredTensors = 3072;
inline constexpr int64_t kMaxDimensions = 8;
inline constexpr int64_t kMaxMetadataEntries = 256;
// One name, text, number or stretch of white space, as the header writes it.
inline constexpr int64_t kMaxHeaderRunBytes = 32 << 10;

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
