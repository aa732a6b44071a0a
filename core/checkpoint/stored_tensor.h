// A tensor as a safetensors file has it, the limits of such files, and what
// their reader and their writer say about tensors.
#ifndef REPRISE_CORE_CHECKPOINT_STORED_TENSOR_H_
#define REPRISE_CORE_CHECKPOINT_STORED_TENSOR_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

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

// The place of a type in the reference's order, which is that of alignment and
// of the data in a file, ascending; nullopt for a type that is not stored.
std::optional<int> StoredTypeRank(DType type);
std::optional<DType> FindStoredType(absl::string_view name);

// The size of a tensor; nullopt if it does not fit int64.
std::optional<int64_t> StoredBytes(const std::vector<int64_t>& shape,
                                   DType type);

// A name that two tensors have; nullptr: there is none.
const std::string* FindRepeatedName(const std::vector<StoredTensor>& tensors);

// For messages: "[2, 3]"; a text of a file, short and printable.
std::string ShapeText(const std::vector<int64_t>& shape);
std::string QuotedText(absl::string_view text);

}  // namespace reprise

#endif  // REPRISE_CORE_CHECKPOINT_STORED_TENSOR_H_
