#include "core/checkpoint/safetensors_header.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

constexpr char kRemedy[] =
    "; the file is damaged or not a safetensors file: write it again or take "
    "another copy";

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
  int64_t Offset() const { return kSafetensorsLengthBytes + position_; }
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
  // Without data_begin.
  SafetensorsHeader TakeHeader() { return std::move(header_); }

  // The parser's calls; false ends parsing.
  bool null() { return Unexpected("null"); }
  bool boolean(bool) { return Unexpected("a boolean"); }
  bool number_integer(int64_t value) {
    return Unexpected(absl::StrCat("the negative number ", value));
  }
  bool number_float(double, const std::string& text) {
    return Unexpected(absl::StrCat("the number ", QuotedText(text)));
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
                   absl::StrCat("more for ", QuotedText(tensor_.name)));
    }
    numbers.push_back(static_cast<int64_t>(value));
    return true;
  }

  bool string(std::string& value) {
    if (place_ == Place::kMetadata) {
      if (static_cast<int64_t>(header_.metadata.size()) ==
          kMaxMetadataEntries) {
        return Fault(absl::StrCat("at most ", kMaxMetadataEntries,
                                  " entries of metadata"),
                     "more");
      }
      if (!header_.metadata.emplace(key_, value).second) {
        return Fault("each key of the metadata once",
                     absl::StrCat(QuotedText(key_), " twice"));
      }
      return true;
    }
    if (place_ != Place::kTensor || key_ != "dtype") {
      return Unexpected(absl::StrCat("the text ", QuotedText(value)));
    }
    if (const std::optional<DType> type = FindStoredType(value)) {
      tensor_.type = *type;
      return true;
    }
    return Fault(
        "dtype U8, BF16, F32, F64 or I64",
        absl::StrCat(QuotedText(value), " for ", QuotedText(tensor_.name)));
  }

  bool start_object(size_t) {
    if (place_ == Place::kDocument) {
      place_ = Place::kTop;
    } else if (place_ != Place::kTop) {
      return Unexpected("an object");
    } else if (key_ == kSafetensorsMetadataKey) {
      if (met_metadata_) {
        return Fault("__metadata__ once", "it twice");
      }
      met_metadata_ = true;
      place_ = Place::kMetadata;
    } else {
      if (static_cast<int64_t>(header_.tensors.size()) == kMaxStoredTensors) {
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
                   absl::StrCat(bit == 0 ? "" : "a second ", QuotedText(key_),
                                " for ", QuotedText(tensor_.name)));
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
          absl::StrCat(offsets_.size(), " for ", QuotedText(tensor_.name)));
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
      return Fault(
          "dtype, shape and data_offsets",
          absl::StrCat("not all of them for ", QuotedText(tensor_.name)));
    }
    const int64_t begin = offsets_[0], end = offsets_[1];
    if (begin > end || end > data_bytes_) {
      return Fault(
          absl::StrCat("ascending data_offsets up to ", data_bytes_,
                       ", what the file holds"),
          absl::StrCat(ShapeText(offsets_), " for ", QuotedText(tensor_.name)));
    }
    const std::optional<int64_t> bytes =
        StoredBytes(tensor_.shape, tensor_.type);
    if (bytes != end - begin) {
      return Fault(
          absl::StrCat(
              bytes.has_value() ? absl::StrCat(*bytes) : "more than 2^63",
              " bytes for shape ", ShapeText(tensor_.shape), " of ",
              StoredTypeName(tensor_.type)),
          absl::StrCat("data_offsets ", ShapeText(offsets_), ", ", end - begin,
                       " bytes, for ", QuotedText(tensor_.name)));
    }
    header_.tensors.push_back(std::move(tensor_));
    header_.begins.push_back(begin);
    return true;
  }

  bool parse_error(size_t, const std::string& token,
                   const nlohmann::json::exception& error) {
    if (!status_.ok()) return false;
    return absl::StrContains(error.what(), "UTF-8")
               ? Fault("UTF-8 text",
                       absl::StrCat("other bytes in ", QuotedText(token)))
               : Fault("a whole JSON object",
                       absl::StrCat("a syntax error at ", QuotedText(token)));
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
        return Fault("an object",
                     absl::StrCat(found, " for ", QuotedText(key_)));
      case Place::kMetadata:
        return Fault("text values in the metadata",
                     absl::StrCat(found, " for ", QuotedText(key_)));
      case Place::kTensor:
        return Fault(key_ == "dtype" ? "text" : "an array of numbers",
                     absl::StrCat(found, " for ", key_, " of ",
                                  QuotedText(tensor_.name)));
      case Place::kShape:
      case Place::kOffsets:
        return Fault("numbers that are whole and not negative",
                     absl::StrCat(found, " in ", key_, " of ",
                                  QuotedText(tensor_.name)));
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

  SafetensorsHeader header_;
  absl::Status status_;
};

absl::Status Fault(const InputFile& file, int64_t offset,
                   absl::string_view expected, absl::string_view found) {
  return DataError(absl::StrCat(file.path(), ": at offset ", offset,
                                ": expected ", expected, ", found ", found,
                                kRemedy));
}

absl::StatusOr<int64_t> ReadHeaderLength(const InputFile& file) {
  if (file.size() < kSafetensorsLengthBytes) {
    return Fault(file, 0, "8 bytes with the header's length",
                 absl::StrCat(file.size(), " bytes in all"));
  }
  uint64_t length = 0;
  REPRISE_RETURN_IF_ERROR(file.ReadAt(0, kSafetensorsLengthBytes, &length));
  const uint64_t limit =
      std::min(kMaxHeaderBytes, file.size() - kSafetensorsLengthBytes);
  if (length > limit) {
    return Fault(file, 0, absl::StrCat("a header of at most ", limit, " bytes"),
                 absl::StrCat("one of ", length));
  }
  return static_cast<int64_t>(length);
}

// The header as its text has it: tensors in the text's order.
absl::StatusOr<SafetensorsHeader> ParseHeader(const InputFile& file,
                                              int64_t length) {
  const int64_t data_begin = kSafetensorsLengthBytes + length;
  HeaderSource source(file, length);
  HeaderParser parser(file.path(), source, file.size() - data_begin);
  REPRISE_RETURN_IF_ERROR(source.status());
  // The JSON parser would skip spaces and a byte order mark.
  if (source.AtEnd() || source.Current() != '{') {
    return Fault(file, kSafetensorsLengthBytes, "a header that starts with {",
                 source.AtEnd() ? "no header"
                                : QuotedText(std::string(1, source.Current())));
  }
  const bool parsed = nlohmann::json::sax_parse(
      HeaderIterator(&source), HeaderIterator(nullptr), &parser);
  REPRISE_RETURN_IF_ERROR(source.status());
  REPRISE_RETURN_IF_ERROR(parser.status());
  if (!parsed) {
    return Fault(file, kSafetensorsLengthBytes, "a JSON object",
                 "something else");
  }
  SafetensorsHeader header = parser.TakeHeader();
  header.data_begin = data_begin;
  if (const std::string* name = FindRepeatedName(header.tensors)) {
    return Fault(file, kSafetensorsLengthBytes, "each name once",
                 absl::StrCat(QuotedText(*name), " twice"));
  }
  return header;
}

int64_t BytesOf(const StoredTensor& tensor) {
  return *StoredBytes(tensor.shape, tensor.type);
}

// Puts the tensors in the order of their data.
void SortByData(SafetensorsHeader* header) {
  const std::vector<int64_t>& begins = header->begins;
  std::vector<StoredTensor>& tensors = header->tensors;
  std::vector<int32_t> order(tensors.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int32_t>(i);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    if (begins[a] != begins[b]) return begins[a] < begins[b];
    const int64_t bytes_of_a = BytesOf(tensors[a]);
    const int64_t bytes_of_b = BytesOf(tensors[b]);
    if (bytes_of_a != bytes_of_b) return bytes_of_a < bytes_of_b;
    return tensors[a].name < tensors[b].name;
  });
  std::vector<StoredTensor> sorted;
  std::vector<int64_t> sorted_begins;
  sorted.reserve(order.size());
  sorted_begins.reserve(order.size());
  for (const int32_t i : order) {
    sorted.push_back(std::move(tensors[i]));
    sorted_begins.push_back(begins[i]);
  }
  header->tensors = std::move(sorted);
  header->begins = std::move(sorted_begins);
}

// The data has no holes and no overlaps. `header` is sorted.
absl::Status CheckCoversData(const InputFile& file,
                             const SafetensorsHeader& header) {
  int64_t covered = 0;
  for (size_t i = 0; i < header.tensors.size(); ++i) {
    const int64_t begin = header.begins[i];
    if (begin != covered) {
      return Fault(
          file, header.data_begin + std::min(begin, covered),
          absl::StrCat("the data of ", QuotedText(header.tensors[i].name),
                       " from data offset ", covered, " on"),
          absl::StrCat(begin < covered ? "an overlap" : "a hole",
                       ": it starts at ", begin));
    }
    covered += BytesOf(header.tensors[i]);
  }
  const int64_t data_bytes = file.size() - header.data_begin;
  if (covered != data_bytes) {
    return Fault(
        file, header.data_begin + covered, "the end of the file",
        absl::StrCat(data_bytes - covered, " bytes that belong to no tensor"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SafetensorsHeader> ReadSafetensorsHeader(const InputFile& file) {
  REPRISE_ASSIGN_OR_RETURN(const int64_t length, ReadHeaderLength(file));
  REPRISE_ASSIGN_OR_RETURN(SafetensorsHeader header, ParseHeader(file, length));
  SortByData(&header);
  REPRISE_RETURN_IF_ERROR(CheckCoversData(file, header));
  return header;
}

}  // namespace reprise
