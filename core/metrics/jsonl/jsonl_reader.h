// Reads metrics.jsonl back, also when the run that wrote it was killed.
#ifndef REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_
#define REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

// The schema that jsonl_sink.h writes and the newest that the reader knows.
inline constexpr int kJsonlSchema = 1;

struct JsonlContent {
  std::vector<std::string> records;  // JSON objects without their line ends
  int64_t whole_bytes = 0;           // where the last whole record ends
  int64_t cut_bytes = 0;             // of a last record without a line end
};

// A last line without a line end is a cut record and is left out. DataError
// naming line and byte offset for any other line that is not a JSON object with
// a schema up to kJsonlSchema; StorageError when the file cannot be read.
absl::StatusOr<JsonlContent> ReadJsonl(const std::string& path);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_JSONL_JSONL_READER_H_
