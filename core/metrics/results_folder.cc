#include "core/metrics/results_folder.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/metrics/run_json.h"

namespace reprise {
namespace {

absl::Status FolderTaken(const std::string& folder, const std::string& why) {
  return UsageError(
      absl::StrCat("the results folder ", folder, " already holds a run (", why,
                   "); choose another --save-dir or move that folder away"));
}

absl::StatusOr<std::string> CreateNamedFolder(const std::string& results_dir,
                                              const std::string& name) {
  const std::string folder =
      (std::filesystem::path(results_dir) / name).lexically_normal().string();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return StorageError(absl::StrCat("cannot create the results folder ",
                                     folder, ": ", error.message(),
                                     "; choose another --results-dir"));
  }
  const std::string run_json = folder + "/run.json";
  if (std::filesystem::exists(run_json, error)) {
    return FolderTaken(folder, absl::StrCat("of ", OwnerInRunJson(run_json)));
  }
  // Files of a program that writes no run.json: upstream's.
  for (const char* file : {"metrics.jsonl", "dl_metrics.json", "args.json"}) {
    if (std::filesystem::exists(folder + "/" + file, error)) {
      return FolderTaken(folder, absl::StrCat("it has a ", file));
    }
  }
  const FileDescriptor fd(
      open(run_json.c_str(),
           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (fd.get() < 0) {
    if (errno == EEXIST) {
      return FolderTaken(folder, absl::StrCat("of ", OwnerInRunJson(run_json)));
    }
    return ErrnoToStorageError("create", run_json);
  }
  REPRISE_RETURN_IF_ERROR(WriteFully(fd.get(), RunJsonClaim(), run_json));
  return folder;
}

}  // namespace

absl::StatusOr<std::string> CreateResultsFolder(const std::string& results_dir,
                                                const std::string& save_dir) {
  if (!save_dir.empty()) return CreateNamedFolder(results_dir, save_dir);
  const std::string time =
      absl::FormatTime("%Y%m%d-%H%M%S", absl::Now(), absl::LocalTimeZone());
  // Of runs that start in the same second each gets a folder.
  absl::StatusOr<std::string> folder = CreateNamedFolder(results_dir, time);
  for (int i = 2; ExitCodeOf(folder.status()) == ExitCode::kUsage && i < 1000;
       ++i) {
    folder = CreateNamedFolder(results_dir, absl::StrCat(time, "-", i));
  }
  return folder;
}

}  // namespace reprise
