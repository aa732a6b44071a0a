// A table as a file for other programs: CSV or JSON.
#ifndef REPRISE_LAUNCH_REPORT_EXPORT_TABLE_WRITER_H_
#define REPRISE_LAUNCH_REPORT_EXPORT_TABLE_WRITER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace reprise {

struct TableColumn {
  std::string name, unit, meaning;
};

// Begin, rows, End. A cell is a JSON value: null, text, a number or a truth
// value. Errors are those of the output.
class TableWriter {
 public:
  virtual ~TableWriter() = default;
  virtual absl::Status Begin(const std::vector<TableColumn>& columns) = 0;
  // One cell for each column.
  virtual absl::Status Row(const std::vector<nlohmann::json>& cells) = 0;
  virtual absl::Status End() = 0;
};

// Where the bytes go, in order.
using TableOutput = std::function<absl::Status(absl::string_view)>;

// Quoted as in RFC 4180, UTF-8, lines end with a line feed; a heading of the
// names, then a line a row. null is an empty cell, text that would look like
// one is quoted; numbers read back as the same fp64.
std::unique_ptr<TableWriter> MakeCsvWriter(TableOutput output);

// {"columns": [{"name", "unit", "meaning"} ...], "rows": [[cells] ...]}.
std::unique_ptr<TableWriter> MakeJsonWriter(TableOutput output);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_EXPORT_TABLE_WRITER_H_
