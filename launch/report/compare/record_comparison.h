// Whether two runs computed the same: the check of docs/METRICS.md, "Comparing
// two runs", as a function.
#ifndef REPRISE_LAUNCH_REPORT_COMPARE_RECORD_COMPARISON_H_
#define REPRISE_LAUNCH_REPORT_COMPARE_RECORD_COMPARISON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace reprise {

struct RecordComparison {
  int64_t equal_records = 0;  // from the first on
  // Of the first pair that is not equal: "record 17, test of task 0, test_task
  // 1"; and a line for each field that differs, "top1: 0.9 and 0.91". Both
  // empty: none differs.
  std::string first_difference;
  std::vector<std::string> fields;

  bool is_same() const { return first_difference.empty(); }
};

// Compares two metrics.jsonl line by line but for `run` and `timing`, which
// differ between any two runs. Where one file ends first, its end is the
// difference; a cut last line is no record. DataError naming file and line for
// what is no record, of lines that are not equal byte by byte; StorageError.
// Memory is that of two lines.
absl::StatusOr<RecordComparison> CompareRecords(const std::string& path_a,
                                                const std::string& path_b);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_COMPARE_RECORD_COMPARISON_H_
