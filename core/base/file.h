// Files as results need them: appended whole records, and files that are
// replaced in one step so that a killed run leaves the old or the new content;
// and files that are read.
//
// What is written follows no symbolic link at the last component of its path (a
// results folder may lie behind one, a file in it may not); what is read may be
// one. New files have mode 0644 less the umask. Failures are StorageError
// naming the path and the system's own text; nothing here terminates the
// process on a full disk.
#ifndef REPRISE_CORE_BASE_FILE_H_
#define REPRISE_CORE_BASE_FILE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

// An open file descriptor; closed on destruction. Movable, not thread-safe.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.fd_) {
    other.fd_ = -1;
  }
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  ~FileDescriptor();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// "cannot WHAT PATH: TEXT OF errno".
absl::Status ErrnoToStorageError(absl::string_view what,
                                 absl::string_view path);

// Writes all of `bytes` to an open descriptor, which the message calls `name`.
absl::Status WriteFully(int fd, absl::string_view bytes,
                        absl::string_view name);

// A file that only grows (O_APPEND). Movable, not thread-safe.
class AppendFile {
 public:
  static absl::StatusOr<AppendFile> Open(const std::string& path);

  // All of `bytes` or nothing: what a failed write left is cut off again.
  absl::Status Append(absl::string_view bytes);

  // Keeps the first `bytes` bytes.
  absl::Status Truncate(int64_t bytes);

  const std::string& path() const { return path_; }

 private:
  AppendFile(FileDescriptor fd, std::string path)
      : fd_(std::move(fd)), path_(std::move(path)) {}

  FileDescriptor fd_;
  std::string path_;
};

// A file read by offset; its size is that at opening. Movable, not thread-safe.
class InputFile {
 public:
  // Refuses anything but a regular file.
  static absl::StatusOr<InputFile> Open(const std::string& path);

  int64_t size() const { return size_; }
  const std::string& path() const { return path_; }

  // Fails if the file ends before offset + bytes (it has shrunk).
  absl::Status ReadAt(int64_t offset, int64_t bytes, void* destination) const;

 private:
  InputFile(FileDescriptor fd, std::string path, int64_t size)
      : fd_(std::move(fd)), path_(std::move(path)), size_(size) {}

  FileDescriptor fd_;
  std::string path_;
  int64_t size_ = 0;
};

absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

// The content of an input that the user names: a file, a link to one, or a
// pipe, like a shell's <(command), for whose writer it waits at most 10
// seconds. More than `most_bytes`, and a folder, are an error.
absl::StatusOr<std::string> ReadUserInput(const std::string& path,
                                          int64_t most_bytes);

// Whether `path` is something that other processes, and this one again, cannot
// read: a pipe, a terminal, a descriptor of this process (/dev/stdin).
bool IsReadOnce(const std::string& path);

// A file that becomes the content of `path` in one step, however long writing
// it takes: written to a temporary file beside it; Commit does fsync, rename,
// and fsync of the folder. Without a successful Commit the former content stays
// and the temporary file is removed. Threads and processes may replace the same
// path at the same time: one of them wins. Movable, not thread-safe.
class FileReplacement {
 public:
  static absl::StatusOr<FileReplacement> Begin(const std::string& path);
  FileReplacement(FileReplacement&& other) noexcept = default;
  FileReplacement& operator=(FileReplacement&&) = delete;
  ~FileReplacement();

  absl::Status Write(absl::string_view bytes);
  // Once, after the last Write.
  absl::Status Commit();

 private:
  FileReplacement(FileDescriptor fd, std::string path, std::string temporary)
      : fd_(std::move(fd)),
        path_(std::move(path)),
        temporary_(std::move(temporary)) {}

  FileDescriptor fd_;
  std::string path_;
  std::string temporary_;
};

// Makes `pieces`, one after the other, the content of `path` by a
// FileReplacement.
absl::Status ReplaceFile(const std::string& path,
                         const std::vector<absl::string_view>& pieces);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_FILE_H_
