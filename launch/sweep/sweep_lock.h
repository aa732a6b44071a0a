// One sweep at a time in a folder.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_LOCK_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_LOCK_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/file.h"

namespace reprise {

// A lock of the file `lock` in the folder. Processes that this one starts have
// it, too: a sweep that begins behind one that was killed waits for the last of
// its runs to end, so that no two write into one place.
class SweepLock {
 public:
  // Makes the folder. UsageError naming the process that has the lock, while
  // that lives, or where its runs have not ended within `patience`;
  // StorageError.
  static absl::StatusOr<SweepLock> Take(const std::string& folder,
                                        absl::Duration patience);

 private:
  explicit SweepLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_LOCK_H_
