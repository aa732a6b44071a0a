#include "core/checkpoint/stored_tensor.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace reprise {
namespace {

struct TypeRow {
  DType type;
  const char* name;
};
// In the reference's order of types, which is that of their alignment and of
// the data in a file.
constexpr TypeRow kTypes[] = {
    {DType::kUint8, "U8"},    {DType::kBFloat16, "BF16"},
    {DType::kFloat32, "F32"}, {DType::kFloat64, "F64"},
    {DType::kInt64, "I64"},
};

}  // namespace

std::optional<int> StoredTypeRank(DType type) {
  const TypeRow* row =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&](const TypeRow& one) { return one.type == type; });
  if (row == std::end(kTypes)) return std::nullopt;
  return static_cast<int>(row - std::begin(kTypes));
}

const char* StoredTypeName(DType type) {
  const std::optional<int> rank = StoredTypeRank(type);
  return rank.has_value() ? kTypes[*rank].name : DTypeName(type);
}

std::optional<DType> FindStoredType(absl::string_view name) {
  for (const TypeRow& row : kTypes) {
    if (name == row.name) return row.type;
  }
  return std::nullopt;
}

std::optional<int64_t> StoredBytes(const std::vector<int64_t>& shape,
                                   DType type) {
  int64_t bytes = SizeInBytes(type);
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

const std::string* FindRepeatedName(const std::vector<StoredTensor>& tensors) {
  std::vector<const std::string*> names;
  names.reserve(tensors.size());
  for (const StoredTensor& tensor : tensors) names.push_back(&tensor.name);
  std::sort(names.begin(), names.end(),
            [](const std::string* a, const std::string* b) { return *a < *b; });
  const auto twice = std::adjacent_find(
      names.begin(), names.end(),
      [](const std::string* a, const std::string* b) { return *a == *b; });
  return twice == names.end() ? nullptr : *twice;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

std::string QuotedText(absl::string_view text) {
  constexpr size_t kMost = 60;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMost)),
                      text.size() > kMost ? "...\"" : "\"");
}

}  // namespace reprise
