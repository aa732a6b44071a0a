// The files of data sets as users store them: read in order, with a running
// digest, behind symbolic links if need be.
//
// Every failure to read is a DataError that names the path, what was expected
// and found, and the remedy.
#ifndef REPRISE_DATA_STORED_FILE_H_
#define REPRISE_DATA_STORED_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/file.h"

namespace reprise {

// Movable, not thread-safe.
class StoredFile {
 public:
  // Refuses anything but a file.
  static absl::StatusOr<StoredFile> Open(const std::string& path);

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }  // at opening

  // Up to `bytes` bytes; fewer only at the end of the file.
  absl::StatusOr<int64_t> Read(void* destination, int64_t bytes);

  // "crc32:" and eight hex digits, of what was read so far. CRC-32 since it
  // must tell a changed file from the same one at start-up, not an adversary's,
  // and comes with zlib at over 1 GB/s.
  std::string Digest() const;

 private:
  StoredFile(FileDescriptor fd, std::string path, int64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  FileDescriptor fd_;
  std::string path_;
  int64_t size_;
  int64_t offset_ = 0;
  uint32_t crc_ = 0;
};

struct StoredContent {
  std::string bytes;
  std::string digest;  // StoredFile::Digest() of all
};

// The whole file, in memory of its size.
absl::StatusOr<StoredContent> ReadStoredFile(const std::string& path);

// Whether there is something of this name, also a broken link (reading it fails
// with a better message than "not found").
absl::StatusOr<bool> IsThere(const std::string& path);

// A folder that is a link to nothing is a mistake, not an absent data set. Of a
// folder that is not there at all: OK.
absl::Status CheckNotDangling(const std::string& folder);

// The folder and those above it, made where they are missing. StorageError.
absl::Status MakeFolders(const std::string& folder);

// What follows the last slash.
std::string BaseName(const std::string& path);

}  // namespace reprise

#endif  // REPRISE_DATA_STORED_FILE_H_
