#include "launch/process/numbered_entries.h"

#include <filesystem>

#include "absl/strings/numbers.h"

namespace reprise {

std::vector<int> NumberedEntries(const std::string& folder,
                                 std::error_code* error) {
  std::vector<int> numbers;
  std::filesystem::directory_iterator entry(folder, *error);
  const std::filesystem::directory_iterator end;
  while (!*error && entry != end) {
    int number = 0;
    if (absl::SimpleAtoi(entry->path().filename().string(), &number)) {
      numbers.push_back(number);
    }
    entry.increment(*error);
  }
  return numbers;
}

}  // namespace reprise
