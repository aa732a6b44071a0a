#include "core/buffer/local_buffer_options.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {

absl::Status LocalBufferOptions::Validate() const {
  std::vector<std::string> problems;
  if (num_classes < 1) {
    problems.push_back(
        absl::StrCat("number of classes must be >= 1, found ", num_classes));
  }
  if (capacity_per_class < 0) {
    problems.push_back(absl::StrCat("num_representatives must be >= 0, found ",
                                    capacity_per_class));
  }
  if (row_bytes < 1) {
    problems.push_back(
        absl::StrCat("row bytes must be >= 1, found ", row_bytes));
  }
  if (rank < 0) {
    problems.push_back(absl::StrCat("rank must be >= 0, found ", rank));
  }
  return problems.empty()
             ? absl::OkStatus()
             : UsageError(absl::StrCat("rehearsal buffer: ",
                                       absl::StrJoin(problems, "; ")));
}

StreamKey LocalBufferOptions::Key(Purpose purpose, int64_t task,
                                  int64_t step) const {
  return {seed, purpose, static_cast<uint32_t>(task),
          static_cast<uint32_t>(step), static_cast<uint32_t>(rank)};
}

void LocalBufferOptions::CheckLabel(const Sample& sample) const {
  REPRISE_CHECK(sample.label >= 0 && sample.label < num_classes)
      << "label " << sample.label << " of " << num_classes;
}

}  // namespace reprise
