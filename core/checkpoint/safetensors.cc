#include "core/checkpoint/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/dtype.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/checkpoint/safetensors_header.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "bytes of tensors are written as they lie in memory");

// The bytes in front of the data. `tensors` are in the order of their data.
absl::StatusOr<std::string> HeaderOf(const std::vector<StoredTensor>& tensors,
                                     const SafetensorsMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kSafetensorsMetadataKey] = metadata;
  int64_t offset = 0;
  for (const StoredTensor& tensor : tensors) {
    const int64_t end = offset + static_cast<int64_t>(tensor.bytes.size());
    nlohmann::ordered_json& entry = header[tensor.name];
    entry["dtype"] = StoredTypeName(tensor.type);
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {offset, end};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const nlohmann::json::exception& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("a name or a text of the metadata is not UTF-8: ",
                     absl::CHexEscape(error.what())));
  }
  text.resize((text.size() + 7) / 8 * 8, ' ');
  if (static_cast<int64_t>(text.size()) > kMaxHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a header of ", text.size(), " bytes, at most ", kMaxHeaderBytes));
  }
  const uint64_t length = text.size();
  std::string result(kSafetensorsLengthBytes, '\0');
  std::memcpy(&result[0], &length, kSafetensorsLengthBytes);
  return result + text;
}

absl::Status CheckWritable(const std::vector<StoredTensor>& tensors,
                           const SafetensorsMetadata& metadata) {
  if (static_cast<int64_t>(tensors.size()) > kMaxStoredTensors ||
      static_cast<int64_t>(metadata.size()) > kMaxMetadataEntries) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxStoredTensors, " tensors and ",
                     kMaxMetadataEntries, " entries of metadata, found ",
                     tensors.size(), " and ", metadata.size()));
  }
  // An escape takes up to six bytes of the header.
  const size_t longest = kMaxHeaderRunBytes / 6;
  for (const auto& [key, value] : metadata) {
    if (std::max(key.size(), value.size()) > longest) {
      return absl::InvalidArgumentError(
          absl::StrCat("the text of metadata ", QuotedText(key), " exceeds ",
                       longest, " bytes"));
    }
  }
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == kSafetensorsMetadataKey ||
        tensor.name.size() > longest ||
        static_cast<int64_t>(tensor.shape.size()) > kMaxDimensions) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", QuotedText(tensor.name), " of ", tensor.shape.size(),
          " dimensions: a reserved or too long name, or more than ",
          kMaxDimensions, " dimensions"));
    }
    if (!StoredTypeRank(tensor.type).has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", QuotedText(tensor.name), " of type ",
                       DTypeName(tensor.type), ", which is not stored"));
    }
    const bool negative =
        std::any_of(tensor.shape.begin(), tensor.shape.end(),
                    [](int64_t extent) { return extent < 0; });
    if (negative || StoredBytes(tensor.shape, tensor.type) !=
                        static_cast<int64_t>(tensor.bytes.size())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", QuotedText(tensor.name), " of shape ",
          ShapeText(tensor.shape), " and type ", StoredTypeName(tensor.type),
          " with ", tensor.bytes.size(), " bytes"));
    }
  }
  if (const std::string* name = FindRepeatedName(tensors)) {
    return absl::InvalidArgumentError(
        absl::StrCat("two tensors ", QuotedText(*name)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteSafetensors(const std::string& path,
                              std::vector<StoredTensor> tensors,
                              const SafetensorsMetadata& metadata) {
  REPRISE_RETURN_IF_ERROR(
      Annotate(CheckWritable(tensors, metadata), absl::StrCat(path)));
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              return a.type != b.type
                         ? StoredTypeRank(a.type) > StoredTypeRank(b.type)
                         : a.name < b.name;
            });
  absl::StatusOr<std::string> header = HeaderOf(tensors, metadata);
  if (!header.ok()) return Annotate(header.status(), path);
  std::vector<absl::string_view> pieces = {*header};
  for (const StoredTensor& tensor : tensors) pieces.push_back(tensor.bytes);
  return ReplaceFile(path, pieces);
}

absl::StatusOr<Safetensors> Safetensors::Read(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  REPRISE_ASSIGN_OR_RETURN(SafetensorsHeader header,
                           ReadSafetensorsHeader(file));
  const int64_t data_bytes = file.size() - header.data_begin;
  std::unique_ptr<char[]> data(new char[data_bytes]);
  REPRISE_RETURN_IF_ERROR(
      file.ReadAt(header.data_begin, data_bytes, data.get()));
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    StoredTensor& tensor = header.tensors[i];
    const int64_t bytes = *StoredBytes(tensor.shape, tensor.type);
    tensor.bytes = {data.get() + header.begins[i], static_cast<size_t>(bytes)};
  }
  return Safetensors(std::move(data), std::move(header.tensors),
                     std::move(header.metadata));
}

}  // namespace reprise
