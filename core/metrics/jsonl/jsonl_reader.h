// Reads metrics.jsonl back, line by line, also when the run that wrote it was
// killed or is still writing.
#ifndef REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_
#define REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "nlohmann/json.hpp"

namespace reprise {

// The schema that jsonl_sink.h writes and the newest that the reader knows.
inline constexpr int kJsonlSchema = 1;

// Holds one line of the file at a time; a longer one than kMostLineBytes is
// refused, so that memory is bounded for a file of any content. What is
// appended after Open is not read. Not thread-safe.
class JsonlReader {
 public:
  static constexpr int64_t kMostLineBytes = 16 << 20;

  // StorageError when the file cannot be read.
  static absl::StatusOr<JsonlReader> Open(const std::string& path);

  // The next whole line without its line end, valid until the next call;
  // nullopt at the end of the file. A last line without a line end is a cut
  // record and no line. DataError for one that is too long.
  absl::StatusOr<std::optional<absl::string_view>> NextLine();

  struct Position {
    int64_t line = 0;    // from 1; 0: none has been read
    int64_t offset = 0;  // in bytes, where it begins
  };
  // Of the line that NextLine gave last.
  const Position& position() const { return position_; }

  // A line as a record: a JSON object with a schema up to kJsonlSchema.
  // DataError naming file, line and offset.
  absl::StatusOr<nlohmann::json> Parse(absl::string_view line,
                                       const Position& position) const;

  // DataError "<file> line 7 (offset 1234) <fault>".
  absl::Status Fault(const Position& position, absl::string_view fault) const;

  // Where the last whole line so far ends; at the end of the file what follows
  // is the cut record.
  int64_t whole_bytes() const { return whole_bytes_; }
  int64_t cut_bytes() const { return file_.size() - whole_bytes_; }

 private:
  explicit JsonlReader(InputFile file) : file_(std::move(file)) {}

  InputFile file_;
  std::string buffer_;  // of the file, from offset read_ - buffer_.size()
  size_t next_ = 0;     // where the next line begins in buffer_
  int64_t read_ = 0;
  Position position_;
  int64_t whole_bytes_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_
