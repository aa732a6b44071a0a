#include "core/base/file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

constexpr mode_t kMode = 0644;

// 0, or the errno of the write that failed.
int WriteAll(int fd, absl::string_view bytes) {
  // One write of more than 2 GiB is cut short by Linux anyway.
  constexpr size_t kLargestWrite = size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t written =
        write(fd, bytes.data(), std::min(bytes.size(), kLargestWrite));
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return 0;
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Of a file that is read, where links are followed.
absl::Status CannotOpen(const std::string& path) {
  const int error = errno;
  struct stat link;
  const bool dangling = error == ENOENT && lstat(path.c_str(), &link) == 0;
  return StorageError(absl::StrCat(
      "cannot open ", path, ": ",
      dangling ? "it is a symbolic link whose target does not exist"
               : std::generic_category().message(error)));
}

// Behind links, too.
absl::StatusOr<FileDescriptor> OpenRegular(const std::string& path,
                                           int64_t* size) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found;
  if (fd.get() < 0 || fstat(fd.get(), &found) != 0) return CannotOpen(path);
  if (!S_ISREG(found.st_mode)) {
    return StorageError(absl::StrCat(
        "cannot read ", path, ": expected a regular file, found ",
        S_ISDIR(found.st_mode) ? "a folder" : "a pipe or a device"));
  }
  *size = found.st_size;
  return fd;
}

// OK once there is something to read, or the end.
absl::Status WaitForInput(int fd, const std::string& path) {
  constexpr int kMilliseconds = 10'000;
  pollfd event = {fd, POLLIN, 0};
  int ready = 0;
  do {
    ready = poll(&event, 1, kMilliseconds);
  } while (ready < 0 && errno == EINTR);
  if (ready > 0) return absl::OkStatus();
  return StorageError(absl::StrCat("cannot read ", path,
                                   ": nothing has come from it for ",
                                   kMilliseconds / 1000, " seconds"));
}

}  // namespace

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) close(fd_);
}

absl::Status ErrnoToStorageError(absl::string_view what,
                                 absl::string_view path) {
  const int error = errno;
  // O_NOFOLLOW answers with ELOOP, whose own text points elsewhere.
  const std::string text = error == ELOOP
                               ? "it is a symbolic link, which is not followed"
                               : std::generic_category().message(error);
  return StorageError(absl::StrCat("cannot ", what, " ", path, ": ", text));
}

absl::Status WriteFully(int fd, absl::string_view bytes,
                        absl::string_view name) {
  errno = WriteAll(fd, bytes);
  return errno == 0 ? absl::OkStatus() : ErrnoToStorageError("write to", name);
}

absl::StatusOr<AppendFile> AppendFile::Open(const std::string& path) {
  FileDescriptor fd(open(path.c_str(),
                         O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                         kMode));
  if (fd.get() < 0) return ErrnoToStorageError("open", path);
  return AppendFile(std::move(fd), path);
}

absl::Status AppendFile::Append(absl::string_view bytes) {
  struct stat before;
  if (fstat(fd_.get(), &before) != 0) return ErrnoToStorageError("stat", path_);
  const int error = WriteAll(fd_.get(), bytes);
  if (error == 0) return absl::OkStatus();
  // A device (/dev/full) cannot be cut; the write's own error says enough.
  if (S_ISREG(before.st_mode) && ftruncate(fd_.get(), before.st_size) != 0) {
    return ErrnoToStorageError("cut off a half-written record of", path_);
  }
  errno = error;
  return ErrnoToStorageError("append to", path_);
}

absl::Status AppendFile::Truncate(int64_t bytes) {
  if (ftruncate(fd_.get(), bytes) != 0) {
    return ErrnoToStorageError("truncate", path_);
  }
  return absl::OkStatus();
}

absl::StatusOr<InputFile> InputFile::Open(const std::string& path) {
  int64_t size = 0;
  REPRISE_ASSIGN_OR_RETURN(FileDescriptor fd, OpenRegular(path, &size));
  return InputFile(std::move(fd), path, size);
}

absl::Status InputFile::ReadAt(int64_t offset, int64_t bytes,
                               void* destination) const {
  char* next = static_cast<char*>(destination);
  while (bytes > 0) {
    const ssize_t got = pread(fd_.get(), next, bytes, offset);
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoToStorageError("read", path_);
    }
    if (got == 0) {
      return StorageError(absl::StrCat("cannot read ", path_, ": it ends at ",
                                       offset, ", expected ", bytes,
                                       " more bytes: it shrank while open"));
    }
    next += got;
    offset += got;
    bytes -= got;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  int64_t size = 0;
  REPRISE_ASSIGN_OR_RETURN(const FileDescriptor fd, OpenRegular(path, &size));
  // Files of /proc and /sys have another size than they tell: what reading
  // gives counts. One byte more than told, so that the next read meets the end.
  constexpr size_t kLeast = 4096;
  std::string content(std::max(static_cast<size_t>(size) + 1, kLeast), '\0');
  size_t filled = 0;
  for (;;) {
    if (filled == content.size()) content.resize(2 * filled);
    const ssize_t got =
        read(fd.get(), &content[filled], content.size() - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      return ErrnoToStorageError("read", path);
    }
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

absl::StatusOr<std::string> ReadUserInput(const std::string& path,
                                          int64_t most_bytes) {
  const FileDescriptor fd(
      open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found;
  if (fd.get() < 0 || fstat(fd.get(), &found) != 0) return CannotOpen(path);
  // A pipe without a writer, which may be still to come, looks like the end.
  bool may_have_no_writer = S_ISFIFO(found.st_mode);
  std::string content;
  char bytes[1 << 14];
  while (true) {
    const ssize_t got = read(fd.get(), bytes, sizeof(bytes));
    if (got == 0 && !may_have_no_writer) return content;
    if (got == 0) REPRISE_RETURN_IF_ERROR(WaitForInput(fd.get(), path));
    may_have_no_writer = false;
    if (got < 0 && errno == EAGAIN) {
      REPRISE_RETURN_IF_ERROR(WaitForInput(fd.get(), path));
    } else if (got < 0 && errno != EINTR) {
      return ErrnoToStorageError("read", path);
    }
    if (got > 0) content.append(bytes, static_cast<size_t>(got));
    if (static_cast<int64_t>(content.size()) > most_bytes) {
      return StorageError(absl::StrCat("cannot read ", path,
                                       ": expected at most ", most_bytes,
                                       " bytes, found more"));
    }
  }
}

bool IsReadOnce(const std::string& path) {
  for (const char* own : {"/dev/stdin", "/dev/fd/", "/proc/self/"}) {
    if (absl::StartsWith(path, own)) return true;
  }
  struct stat found;
  return stat(path.c_str(), &found) == 0 && !S_ISREG(found.st_mode) &&
         !S_ISDIR(found.st_mode);
}

absl::StatusOr<FileReplacement> FileReplacement::Begin(
    const std::string& path) {
  // The number of the thread, which is the process's in its first one: threads
  // that replace the same file must not share a temporary one.
  const std::string temporary =
      absl::StrCat(path, ".tmp-", syscall(SYS_gettid));
  // Only a killed process of the same number can have left one.
  unlink(temporary.c_str());
  FileDescriptor fd(open(temporary.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                         kMode));
  if (fd.get() < 0) return ErrnoToStorageError("create", temporary);
  return FileReplacement(std::move(fd), path, temporary);
}

FileReplacement::~FileReplacement() {
  // Moved from, or committed.
  if (fd_.get() >= 0) unlink(temporary_.c_str());
}

absl::Status FileReplacement::Write(absl::string_view bytes) {
  errno = WriteAll(fd_.get(), bytes);
  return errno == 0 ? absl::OkStatus() : ErrnoToStorageError("write", path_);
}

absl::Status FileReplacement::Commit() {
  if (fsync(fd_.get()) != 0) return ErrnoToStorageError("fsync", path_);
  if (rename(temporary_.c_str(), path_.c_str()) != 0) {
    return ErrnoToStorageError("replace", path_);
  }
  const FileDescriptor committed(std::move(fd_));

  const std::string folder = FolderOf(path_);
  const FileDescriptor folder_fd(
      open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // EINVAL: a file system whose folders need no fsync and refuse it.
  if (folder_fd.get() < 0 || (fsync(folder_fd.get()) != 0 && errno != EINVAL)) {
    return ErrnoToStorageError("fsync the folder", folder);
  }
  return absl::OkStatus();
}

absl::Status ReplaceFile(const std::string& path,
                         const std::vector<absl::string_view>& pieces) {
  REPRISE_ASSIGN_OR_RETURN(FileReplacement file, FileReplacement::Begin(path));
  for (absl::string_view piece : pieces) {
    REPRISE_RETURN_IF_ERROR(file.Write(piece));
  }
  return file.Commit();
}

}  // namespace reprise
