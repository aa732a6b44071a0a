#include "data/stored_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/status.h"

namespace reprise {
namespace {

std::string ErrnoText() { return std::generic_category().message(errno); }

}  // namespace

absl::StatusOr<StoredFile> StoredFile::Open(const std::string& path) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found;
  if (fd.get() < 0 || fstat(fd.get(), &found) != 0) {
    const bool dangling = errno == ENOENT && lstat(path.c_str(), &found) == 0;
    return DataError(absl::StrCat(
        path, ": expected a readable file, found ",
        dangling ? "a symbolic link whose target does not exist"
                 : absl::StrCat("an error on opening it: ", ErrnoText()),
        dangling ? "; remedy: restore the target or remove the link"
                 : "; remedy: make it readable for this user"));
  }
  if (!S_ISREG(found.st_mode)) {
    return DataError(
        absl::StrCat(path, ": expected a file, found ",
                     S_ISDIR(found.st_mode) ? "a folder" : "a device or pipe",
                     "; remedy: put the data file itself there"));
  }
  return StoredFile(std::move(fd), path, found.st_size);
}

absl::StatusOr<int64_t> StoredFile::Read(void* destination, int64_t bytes) {
  int64_t done = 0;
  while (done < bytes) {
    Bytef* const next = static_cast<Bytef*>(destination) + done;
    const ssize_t got = read(fd_.get(), next, bytes - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return DataError(
          absl::StrCat(path_, ": stored offset ", offset_,
                       ": expected to read, found an error: ", ErrnoText(),
                       "; remedy: replace it with an intact copy"));
    }
    if (got == 0) break;
    crc_ = static_cast<uint32_t>(crc32_z(crc_, next, got));
    offset_ += got;
    done += got;
  }
  return done;
}

std::string StoredFile::Digest() const {
  return absl::StrFormat("crc32:%08x", crc_);
}

absl::StatusOr<StoredContent> ReadStoredFile(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(StoredFile file, StoredFile::Open(path));
  StoredContent content;
  content.bytes.resize(file.size());
  // In pieces that the digest finds in the cache.
  constexpr int64_t kPiece = 256 << 10;
  for (int64_t done = 0; done < file.size();) {
    const int64_t piece = std::min(kPiece, file.size() - done);
    REPRISE_ASSIGN_OR_RETURN(const int64_t got,
                             file.Read(&content.bytes[done], piece));
    done += got;
    if (got < piece) {
      return DataError(absl::StrCat(
          path, ": offset ", done, ": expected ", file.size(),
          " bytes, as when it was opened, found the end: it shrank meanwhile; "
          "remedy: start again once it is complete"));
    }
  }
  content.digest = file.Digest();
  return content;
}

absl::StatusOr<bool> IsThere(const std::string& path) {
  struct stat found;
  if (lstat(path.c_str(), &found) == 0) return true;
  if (errno == ENOENT) return false;
  return DataError(absl::StrCat(
      path, ": expected to look it up, found an error: ", ErrnoText(),
      "; remedy: make its folder a folder that this user may read"));
}

absl::Status CheckNotDangling(const std::string& folder) {
  struct stat found;
  if (lstat(folder.c_str(), &found) == 0 && stat(folder.c_str(), &found) != 0 &&
      errno == ENOENT) {
    return DataError(absl::StrCat(
        folder,
        ": expected a folder, found a symbolic link whose target does "
        "not exist; remedy: restore the target or remove the link"));
  }
  return absl::OkStatus();
}

absl::Status MakeFolders(const std::string& folder) {
  for (size_t end = 0; end != std::string::npos;) {
    end = folder.find('/', end + 1);
    const std::string part = folder.substr(0, end);
    if (mkdir(part.c_str(), 0755) != 0 && errno != EEXIST) {
      return ErrnoToStorageError("create the folder", part);
    }
  }
  struct stat found;
  if (stat(folder.c_str(), &found) == 0 && !S_ISDIR(found.st_mode)) {
    errno = ENOTDIR;
    return ErrnoToStorageError("create the folder", folder);
  }
  return absl::OkStatus();
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace reprise
