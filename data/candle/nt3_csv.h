// The CSV files of CANDLE's NT3 benchmark: no header; each row a label and
// 60,483 numbers separated by commas.
//
// Lines end with LF or CRLF, the last one also with the file. A UTF-8 byte
// order mark is skipped: it says how the text is encoded and changes no number.
// Labels are 0 and 1 in any decimal form (1, 1.0, 1e0). Each number becomes the
// float32 nearest to it. NaN, infinities, quotes, spaces, empty fields and
// empty lines are refused, as is a row with one column more or less.
//
// The file is read in blocks; what is in memory beside the rows is at most
// 2 MiB a thread. Symbolic links are followed. Thread-safe.
#ifndef REPRISE_DATA_CANDLE_NT3_CSV_H_
#define REPRISE_DATA_CANDLE_NT3_CSV_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "data/candle/nt3_fields.h"

namespace reprise {

struct Nt3CsvOptions {
  int64_t features = 60483;
  int32_t classes = 2;
  int threads = 1;  // the result does not depend on it
  // These two are for tests; the result does not depend on them either.
  Nt3Kernel kernel = FastestNt3Kernel();
  int64_t block_bytes = int64_t{1} << 20;
};

// What tells a changed file from the same one without reading it. Size and
// modification time are what cp -p, rsync -t and tar give another file, too;
// the change time and the inode they cannot choose. No device number: it may be
// another on each host, and after each mount.
struct FileStamp {
  int64_t bytes = 0;
  int64_t modified_nanoseconds = 0;  // since the epoch
  int64_t changed_nanoseconds = 0;   // of content or inode
  uint64_t inode = 0;

  bool operator==(const FileStamp& other) const {
    return bytes == other.bytes &&
           modified_nanoseconds == other.modified_nanoseconds &&
           changed_nanoseconds == other.changed_nanoseconds &&
           inode == other.inode;
  }
};

// The stamp of what `path` leads to. absl::IsNotFound if there is nothing;
// DataError if it is no readable file.
absl::StatusOr<FileStamp> StampOf(const std::string& path);

struct Nt3Rows {
  int64_t features = 0;
  // fp32 [labels.size(), features], in memory of its own.
  std::shared_ptr<const std::byte> rows;
  std::vector<int32_t> labels;
  // "xxh3:" and 16 hex digits, of the file as stored: the XXH3-64 of the list
  // of the XXH3-64 (little-endian) of its blocks of 1 MiB. By blocks since
  // threads then share the work; XXH3 since CRC-32 as MNIST's would take as
  // long as all the rest. Empty if block_bytes is another.
  std::string digest;
  FileStamp stamp;
};

// DataError naming file, byte offset, row and column (both from 1, the label's
// column is 1), what was expected and found, and the remedy: the first fault in
// the order of the file. absl::IsResourceExhausted if there is no memory.
absl::StatusOr<Nt3Rows> ReadNt3Csv(const std::string& path,
                                   const Nt3CsvOptions& options);

// The same for a text in memory, called `name` in messages; `stamp` is empty.
absl::StatusOr<Nt3Rows> ReadNt3Text(absl::string_view text,
                                    const std::string& name,
                                    const Nt3CsvOptions& options);

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_NT3_CSV_H_
