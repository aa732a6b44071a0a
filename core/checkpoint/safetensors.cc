#include "core/checkpoint/safetensors.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "bytes of tensors are written as they lie in memory");

constexpr int64_t kLengthBytes = 8;
constexpr char kMetadataKey[] = "__metadata__";
constexpr char kRemedy[] =
    "; the file is damaged or not a safetensors file: write it again or take "
    "another copy";

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

// std::end(kTypes) for a type that is not stored.
const TypeRow* RowOf(DType type) {
  return std::find_if(std::begin(kTypes), std::end(kTypes),
                      [&](const TypeRow& row) { return row.type == type; });
}

// The size of a tensor; nullopt if it does not fit int64.
std::optional<int64_t> BytesOf(const std::vector<int64_t>& shape, DType type) {
  int64_t bytes = SizeInBytes(type);
  for (const int64_t extent : shape) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) return std::nullopt;
  }
  return bytes;
}

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

// A text of the file, short and printable.
std::string Quoted(absl::string_view text) {
  constexpr size_t kMost = 60;
  return absl::StrCat("\"", absl::CHexEscape(text.substr(0, kMost)),
                      text.size() > kMost ? "...\"" : "\"");
}

// The header's characters, read in pieces: a header of 100 MB of spaces costs
// no more memory than one of 1 KB.
class HeaderSource {
 public:
  HeaderSource(const InputFile& file, int64_t bytes)
      : file_(file), bytes_(bytes), piece_(kPieceBytes) {
    Load();
  }

  // A failure to read, or a run over the limit, ends the header early.
  bool AtEnd() const { return position_ == bytes_ || !status_.ok(); }
  char Current() const { return piece_[position_ % kPieceBytes]; }

  void Advance() {
    const char c = Current();
    ++run_bytes_;
    if (in_text_) {
      if (!escaped_ && c == '"') {
        in_text_ = false;
        run_bytes_ = 0;
      }
      escaped_ = !escaped_ && c == '\\';
    } else if (c == '"' || absl::StrContains("{}[],:", c)) {
      in_text_ = c == '"';
      run_bytes_ = 0;
    }
    // The parser would hold it several times before anybody could refuse it.
    if (run_bytes_ > kMaxHeaderRunBytes) {
      status_ = DataError(absl::StrCat(
          file_.path(), ": near offset ", Offset(),
          ": expected names, texts, numbers and white space of at most ",
          kMaxHeaderRunBytes, " bytes, found a longer one", kRemedy));
    }
    ++position_;
    if (position_ % kPieceBytes == 0) Load();
  }

  // In the file, of the next character.
  int64_t Offset() const { return kLengthBytes + position_; }
  const absl::Status& status() const { return status_; }

 private:
  static constexpr int64_t kPieceBytes = 32 << 10;

  void Load() {
    if (!status_.ok() || position_ == bytes_) return;
    status_ = file_.ReadAt(Offset(), std::min(kPieceBytes, bytes_ - position_),
                           piece_.data());
  }

  const InputFile& file_;
  const int64_t bytes_;
  std::vector<char> piece_;
  int64_t position_ = 0;
  bool in_text_ = false, escaped_ = false;
  int64_t run_bytes_ = 0;  // since the last quote or structural character
  absl::Status status_;
};

// What the JSON parser reads the source through.
class HeaderIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  explicit HeaderIterator(HeaderSource* source) : source_(source) {}
  char operator*() const { return source_->Current(); }
  HeaderIterator& operator++() {
    source_->Advance();
    return *this;
  }
  // Compared only with the end, which has no source.
  bool operator!=(const HeaderIterator&) const { return !source_->AtEnd(); }

 private:
  HeaderSource* source_;
};

// Follows the parser through the one shape that a header may have. Nothing is
// nested deeper than that shape, since the first wrong bracket ends parsing.
class HeaderParser {
 public:
  HeaderParser(const std::string& path, const HeaderSource& source,
               int64_t data_bytes)
      : path_(path), source_(source), data_bytes_(data_bytes) {}

  // The first fault.
  const absl::Status& status() const { return status_; }
  std::vector<StoredTensor>& tensors() { return tensors_; }
  SafetensorsMetadata& metadata() { return metadata_; }
  // Parallel to tensors().
  const std::vector<int64_t>& begins() const { return begins_; }

  // The parser's calls; false ends parsing.
  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("a boolean"); }
  bool number_integer(int64_t value) {
    return Unexpected(absl::StrCat("the negative number ", value));
  }
  bool number_float(double, const std::string& text) {
    return Unexpected(absl::StrCat("the number ", Quoted(text)));
  }
  bool binary(std::vector<uint8_t>&) { return Unexpected("binary"); }

  bool number_unsigned(uint64_t value) {
    if (place_ != Place::kShape && place_ != Place::kOffsets) {
      return Unexpected(absl::StrCat("the number ", value));
    }
    const bool shape = place_ == Place::kShape;
    if (value > std::numeric_limits<int64_t>::max()) {
      return Fault("a number below 2^63", absl::StrCat(value));
    }
    std::vector<int64_t>& numbers = shape ? tensor_.shape : offsets_;
    const int64_t limit = shape ? kMaxDimensions : 2;
    if (static_cast<int64_t>(numbers.size()) == limit) {
      return Fault(absl::StrCat("at most ", limit, " numbers in ",
                                shape ? "a shape" : "data_offsets"),
                   absl::StrCat("more for ", Quoted(tensor_.name)));
    }
    numbers.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      if (static_cast<int64_t>(metadata_.size()) == kMaxMetadataEntries) {
        return Fault(absl::StrCat("at most ", kMaxMetadataEntries,
                                  " entries of metadata"),
                     "more");
      }
      if (!metadata_.emplace(key_, value).second) {
        return Fault("each key of the metadata once",
                     absl::StrCat(Quoted(key_), " twice"));
      }
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") {
      return Unexpected(absl::StrCat("the text ", Quoted(value)));
    }
    for (const TypeRow& row : kTypes) {
      if (value != row.name) continue;
      tensor_.type = row.type;
      return true;
    }
    return Fault("dtype U8, BF16, F32, F64 or I64",
                 absl::StrCat(Quoted(value), " for ", Quoted(tensor_.name)));
  }

  bool start_object(size_t) {
    if (place_ == Place::kDocument) {
      place_ = Place::kTop;
    } else if (place_ != Place::kTop) {
      return Unexpected("an object");
    } else if (key_ == kMetadataKey) {
      if (met_metadata_) {
        return Fault("__metadata__ once", "it twice");
      }
      met_metadata_ = true;
      place_ = Place::kMetadata;
    } else {
      if (static_cast<int64_t>(tensors_.size()) == kMaxStoredTensors) {
        return Fault(absl::StrCat("at most ", kMaxStoredTensors, " tensors"),
                     "more");
      }
      tensor_ = StoredTensor{};
      tensor_.name = key_;
      offsets_.clear();
      met_ = 0;
      place_ = Place::kTensor;
    }
    return true;
  }

  bool key(std::string& key) {
    key_ = std::move(key);
    if (place_ != Place::kTensor) return true;
    const int bit = key_ == "dtype"          ? 1
                    : key_ == "shape"        ? 2
                    : key_ == "data_offsets" ? 4
                                             : 0;
    if (bit == 0 || (met_ & bit) != 0) {
      return Fault("dtype, shape and data_offsets, each once",
                   absl::StrCat(bit == 0 ? "" : "a second ", Quoted(key_),
                                " for ", Quoted(tensor_.name)));
    }
    met_ |= bit;
    return true;
  }

  bool start_array(size_t) {
    if (place_ != Place::kTensor || key_ == "dtype") {
      return Unexpected("an array");
    }
    place_ = key_ == "shape" ? Place::kShape : Place::kOffsets;
    return true;
  }

  bool end_array() {
    if (place_ == Place::kOffsets && offsets_.size() != 2) {
      return Fault(
          "two numbers in data_offsets",
          absl::StrCat(offsets_.size(), " for ", Quoted(tensor_.name)));
    }
    place_ = Place::kTensor;
    return true;
  }

  bool end_object() {
    if (place_ != Place::kTensor) {
      place_ = place_ == Place::kMetadata ? Place::kTop : Place::kDocument;
      return true;
    }
    place_ = Place::kTop;
    if (met_ != 7) {
      return Fault("dtype, shape and data_offsets",
                   absl::StrCat("not all of them for ", Quoted(tensor_.name)));
    }
    const int64_t begin = offsets_[0], end = offsets_[1];
    if (begin > end || end > data_bytes_) {
      return Fault(
          absl::StrCat("ascending data_offsets up to ", data_bytes_,
                       ", what the file holds"),
          absl::StrCat(ShapeText(offsets_), " for ", Quoted(tensor_.name)));
    }
    const std::optional<int64_t> bytes = BytesOf(tensor_.shape, tensor_.type);
    if (bytes != end - begin) {
      return Fault(
          absl::StrCat(
              bytes.has_value() ? absl::StrCat(*bytes) : "more than 2^63",
              " bytes for shape ", ShapeText(tensor_.shape), " of ",
              StoredTypeName(tensor_.type)),
          absl::StrCat("data_offsets ", ShapeText(offsets_), ", ", end - begin,
                       " bytes, for ", Quoted(tensor_.name)));
    }
    tensors_.push_back(std::move(tensor_));
    begins_.push_back(begin);
    return true;
  }

  bool parse_error(size_t, const std::string& token,
                   const nlohmann::json::exception& error) {
    if (!status_.ok()) return false;
    return absl::StrContains(error.what(), "UTF-8")
               ? Fault("UTF-8 text",
                       absl::StrCat("other bytes in ", Quoted(token)))
               : Fault("a whole JSON object",
                       absl::StrCat("a syntax error at ", Quoted(token)));
  }

  bool Fault(absl::string_view expected, absl::string_view found) {
    status_ = !source_.status().ok()
                  ? source_.status()
                  : DataError(absl::StrCat(
                        path_, ": near offset ", source_.Offset(),
                        ": expected ", expected, ", found ", found, kRemedy));
    return false;
  }

 private:
  enum class Place { kDocument, kTop, kMetadata, kTensor, kShape, kOffsets };

  bool Unexpected(absl::string_view found) {
    switch (place_) {
      case Place::kDocument:
        return Fault("a JSON object", found);
      case Place::kTop:
        return Fault("an object", absl::StrCat(found, " for ", Quoted(key_)));
      case Place::kMetadata:
        return Fault("text values in the metadata",
                     absl::StrCat(found, " for ", Quoted(key_)));
      case Place::kTensor:
        return Fault(
            key_ == "dtype" ? "text" : "an array of numbers",
            absl::StrCat(found, " for ", key_, " of ", Quoted(tensor_.name)));
      case Place::kShape:
      case Place::kOffsets:
        return Fault(
            "numbers that are whole and not negative",
            absl::StrCat(found, " in ", key_, " of ", Quoted(tensor_.name)));
    }
    return false;
  }

  const std::string& path_;
  const HeaderSource& source_;
  const int64_t data_bytes_;

  Place place_ = Place::kDocument;
  std::string key_;  // the last one
  bool met_metadata_ = false;
  // Of the tensor being read: its fields so far as bits, and data_offsets.
  StoredTensor tensor_;
  std::vector<int64_t> offsets_;
  int met_ = 0;

  std::vector<StoredTensor> tensors_;
  std::vector<int64_t> begins_;
  SafetensorsMetadata metadata_;
  absl::Status status_;
};

// A name that two tensors have; nullptr: there is none.
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

// The bytes in front of the data. `tensors` are in the order of their data.
absl::StatusOr<std::string> HeaderOf(const std::vector<StoredTensor>& tensors,
                                     const SafetensorsMetadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header[kMetadataKey] = metadata;
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
  std::string result(kLengthBytes, '\0');
  std::memcpy(&result[0], &length, kLengthBytes);
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
      return absl::InvalidArgumentError(absl::StrCat("the text of metadata ",
                                                     Quoted(key), " exceeds ",
                                                     longest, " bytes"));
    }
  }
  for (const StoredTensor& tensor : tensors) {
    if (tensor.name == kMetadataKey || tensor.name.size() > longest ||
        static_cast<int64_t>(tensor.shape.size()) > kMaxDimensions) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", Quoted(tensor.name), " of ", tensor.shape.size(),
          " dimensions: a reserved or too long name, or more than ",
          kMaxDimensions, " dimensions"));
    }
    if (RowOf(tensor.type) == std::end(kTypes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor ", Quoted(tensor.name), " of type ",
                       DTypeName(tensor.type), ", which is not stored"));
    }
    const bool negative =
        std::any_of(tensor.shape.begin(), tensor.shape.end(),
                    [](int64_t extent) { return extent < 0; });
    if (negative || BytesOf(tensor.shape, tensor.type) !=
                        static_cast<int64_t>(tensor.bytes.size())) {
      return absl::InvalidArgumentError(absl::StrCat(
          "tensor ", Quoted(tensor.name), " of shape ", ShapeText(tensor.shape),
          " and type ", StoredTypeName(tensor.type), " with ",
          tensor.bytes.size(), " bytes"));
    }
  }
  if (const std::string* name = FindRepeatedName(tensors)) {
    return absl::InvalidArgumentError(
        absl::StrCat("two tensors ", Quoted(*name)));
  }
  return absl::OkStatus();
}

}  // namespace

const char* StoredTypeName(DType type) {
  const TypeRow* row = RowOf(type);
  return row == std::end(kTypes) ? DTypeName(type) : row->name;
}

absl::Status WriteSafetensors(const std::string& path,
                              std::vector<StoredTensor> tensors,
                              const SafetensorsMetadata& metadata) {
  REPRISE_RETURN_IF_ERROR(
      Annotate(CheckWritable(tensors, metadata), absl::StrCat(path)));
  std::sort(tensors.begin(), tensors.end(),
            [](const StoredTensor& a, const StoredTensor& b) {
              return a.type != b.type ? RowOf(a.type) > RowOf(b.type)
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
  auto fault = [&](int64_t offset, absl::string_view expected,
                   absl::string_view found) {
    return DataError(absl::StrCat(path, ": at offset ", offset, ": expected ",
                                  expected, ", found ", found, kRemedy));
  };
  if (file.size() < kLengthBytes) {
    return fault(0, "8 bytes with the header's length",
                 absl::StrCat(file.size(), " bytes in all"));
  }
  uint64_t length = 0;
  REPRISE_RETURN_IF_ERROR(file.ReadAt(0, kLengthBytes, &length));
  const uint64_t limit = std::min(kMaxHeaderBytes, file.size() - kLengthBytes);
  if (length > limit) {
    return fault(0, absl::StrCat("a header of at most ", limit, " bytes"),
                 absl::StrCat("one of ", length));
  }
  const int64_t data_begin = kLengthBytes + static_cast<int64_t>(length);
  const int64_t data_bytes = file.size() - data_begin;

  HeaderSource source(file, static_cast<int64_t>(length));
  HeaderParser parser(path, source, data_bytes);
  REPRISE_RETURN_IF_ERROR(source.status());
  // The JSON parser would skip spaces and a byte order mark.
  if (source.AtEnd() || source.Current() != '{') {
    return fault(kLengthBytes, "a header that starts with {",
                 source.AtEnd() ? "no header"
                                : Quoted(std::string(1, source.Current())));
  }
  const bool parsed = nlohmann::json::sax_parse(
      HeaderIterator(&source), HeaderIterator(nullptr), &parser);
  REPRISE_RETURN_IF_ERROR(source.status());
  REPRISE_RETURN_IF_ERROR(parser.status());
  if (!parsed) return fault(kLengthBytes, "a JSON object", "something else");

  std::vector<StoredTensor> tensors = std::move(parser.tensors());
  if (const std::string* name = FindRepeatedName(tensors)) {
    return fault(kLengthBytes, "each name once",
                 absl::StrCat(Quoted(*name), " twice"));
  }
  // The data has no holes and no overlaps.
  const std::vector<int64_t>& begins = parser.begins();
  std::vector<int32_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  auto bytes_of = [&](int32_t i) {
    return *BytesOf(tensors[i].shape, tensors[i].type);
  };
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (begins[a] != begins[b]) return begins[a] < begins[b];
    if (bytes_of(a) != bytes_of(b)) return bytes_of(a) < bytes_of(b);
    return tensors[a].name < tensors[b].name;
  });
  int64_t covered = 0;
  for (const int32_t i : order) {
    if (begins[i] != covered) {
      return fault(data_begin + std::min(begins[i], covered),
                   absl::StrCat("the data of ", Quoted(tensors[i].name),
                                " from data offset ", covered, " on"),
                   absl::StrCat(begins[i] < covered ? "an overlap" : "a hole",
                                ": it starts at ", begins[i]));
    }
    covered += bytes_of(i);
  }
  if (covered != data_bytes) {
    return fault(
        data_begin + covered, "the end of the file",
        absl::StrCat(data_bytes - covered, " bytes that belong to no tensor"));
  }

  std::unique_ptr<char[]> data(new char[data_bytes]);
  REPRISE_RETURN_IF_ERROR(file.ReadAt(data_begin, data_bytes, data.get()));
  std::vector<StoredTensor> sorted;
  sorted.reserve(tensors.size());
  for (const int32_t i : order) {
    tensors[i].bytes = {data.get() + begins[i],
                        static_cast<size_t>(bytes_of(i))};
    sorted.push_back(std::move(tensors[i]));
  }
  return Safetensors(std::move(data), std::move(sorted),
                     std::move(parser.metadata()));
}

}  // namespace reprise
