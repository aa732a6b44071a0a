#include "launch/report/runs/run_search.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

// One folder after the other: an iterator over all of them ends at the first
// that cannot be entered.
class Search {
 public:
  FoundRuns From(const std::string& root) {
    folders_ = {root};
    while (!folders_.empty()) {
      const std::string folder = std::move(folders_.back());
      folders_.pop_back();
      std::error_code error;
      if (fs::exists(folder + "/run.json", error)) {
        found_.folders.push_back(folder);
      } else {
        if (!error) error = AddFoldersIn(folder);
        Note(folder, error);
      }
    }
    std::sort(found_.folders.begin(), found_.folders.end());
    return std::move(found_);
  }

 private:
  std::error_code AddFoldersIn(const std::string& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; entry != end;
         entry.increment(error)) {
      std::error_code of_entry;
      if (entry->symlink_status(of_entry).type() == fs::file_type::directory) {
        folders_.push_back(entry->path().string());
      }
      Note(entry->path().string(), of_entry);
    }
    return error;
  }

  void Note(const std::string& path, const std::error_code& error) {
    if (!error || error == std::errc::no_such_file_or_directory) return;
    found_.unread.Update(StorageError(
        absl::StrCat("cannot read ", path, ": ", error.message())));
  }

  std::vector<std::string> folders_;
  FoundRuns found_;
};

}  // namespace

absl::StatusOr<FoundRuns> FindRuns(const std::string& root) {
  std::error_code error;
  if (!fs::is_directory(root, error)) {
    return UsageError(absl::StrCat(
        root, ": expected a folder of results, found ",
        fs::exists(root, error) ? "a file" : "nothing",
        "; remedy: name it, or set out from where runs have put theirs"));
  }
  return Search().From(root);
}

}  // namespace reprise
