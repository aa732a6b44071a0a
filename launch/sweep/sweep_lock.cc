#include "launch/sweep/sweep_lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "core/base/host_name.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// "PID HOST".
struct Owner {
  int64_t pid = 0;
  std::string host;

  // As far as this host can tell.
  bool may_live() const {
    if (host != HostName() || pid <= 0) return true;
    return kill(static_cast<pid_t>(pid), 0) == 0 || errno != ESRCH;
  }
};

Owner ReadOwner(const std::string& path) {
  Owner owner;
  const absl::StatusOr<std::string> text = ReadWholeFile(path);
  const std::vector<std::string> words =
      absl::StrSplit(absl::StripAsciiWhitespace(text.value_or("")), ' ');
  if (words.size() == 2 && absl::SimpleAtoi(words[0], &owner.pid)) {
    owner.host = words[1];
  }
  return owner;
}

}  // namespace

absl::StatusOr<SweepLock> SweepLock::Take(const std::string& folder,
                                          absl::Duration patience) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return StorageError(absl::StrCat("cannot create the folder of the sweep ",
                                     folder, ": ", error.message(),
                                     "; choose another --results-dir"));
  }
  const std::string path = folder + "/lock";
  // Without O_CLOEXEC: for those that this process starts.
  FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0644));
  if (file.get() < 0) return ErrnoToStorageError("open", path);
  const absl::Time end = absl::Now() + patience;
  while (flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return ErrnoToStorageError("lock", path);
    const Owner owner = ReadOwner(path);
    if (owner.may_live() || absl::Now() >= end) {
      return UsageError(absl::StrCat(
          "another sweep is at work in ", folder, ": process ", owner.pid,
          " on host ", owner.host,
          owner.may_live() ? "" : ", which has ended, but not all of its runs",
          "; wait for it, or choose another --name"));
    }
    absl::SleepFor(absl::Milliseconds(50));
  }
  const std::string text = absl::StrCat(getpid(), " ", HostName(), "\n");
  if (ftruncate(file.get(), 0) != 0) {
    return ErrnoToStorageError("truncate", path);
  }
  REPRISE_RETURN_IF_ERROR(WriteFully(file.get(), text, path));
  return SweepLock(std::move(file));
}

}  // namespace reprise
