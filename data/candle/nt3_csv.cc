#include "data/candle/nt3_csv.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "xxhash.h"

namespace reprise {
namespace {

constexpr int64_t kDigestBlockBytes = int64_t{1} << 20;

// `bytes` bytes at an offset, all of which the source has.
struct Source {
  std::string name;
  int64_t size = 0;
  std::function<absl::Status(int64_t offset, int64_t bytes, char* destination)>
      read;
};

std::string ErrnoText() { return std::generic_category().message(errno); }

absl::Status ChangedError(const std::string& name) {
  return DataError(absl::StrCat(
      name,
      ": expected a file that stays as it is while it is read, found that it "
      "changed; remedy: try again when nothing writes to it"));
}

FileStamp StampFrom(const struct stat& found) {
  const auto nanoseconds = [](const timespec& time) {
    return int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
  };
  return {found.st_size, nanoseconds(found.st_mtim), nanoseconds(found.st_ctim),
          found.st_ino};
}

absl::Status CheckIsFile(const std::string& path, const struct stat& found) {
  if (S_ISREG(found.st_mode)) return absl::OkStatus();
  return DataError(
      absl::StrCat(path, ": expected a file, found ",
                   S_ISDIR(found.st_mode) ? "a folder" : "a device or pipe",
                   "; remedy: put the data file itself there"));
}

absl::Status ReadFile(int fd, const std::string& name, int64_t offset,
                      int64_t bytes, char* destination) {
  while (bytes > 0) {
    const ssize_t got = pread(fd, destination, bytes, offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return DataError(absl::StrCat(
          name, ": offset ", offset, ": expected to read, found an error: ",
          ErrnoText(), "; remedy: replace it with an intact copy"));
    }
    if (got == 0) return ChangedError(name);
    offset += got;
    bytes -= got;
    destination += got;
  }
  return absl::OkStatus();
}

// Room for rows whose number is not known: address space for as many as the
// file can have, of which only what is written to becomes memory.
class RowRoom {
 public:
  static absl::StatusOr<RowRoom> Reserve(int64_t bytes) {
    void* const start =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
      return absl::ResourceExhaustedError(
          absl::StrCat("no address space for rows of up to ", bytes,
                       " bytes: ", ErrnoText()));
    }
    // The first touch of a page costs 1.6 us; pages of 2 MiB take a fifth of
    // that a byte. A refusal changes nothing else.
    madvise(start, bytes, MADV_HUGEPAGE);
    return RowRoom(start, bytes);
  }
  RowRoom(RowRoom&& other) noexcept
      : start_(std::exchange(other.start_, nullptr)), bytes_(other.bytes_) {}
  RowRoom& operator=(RowRoom&&) = delete;
  ~RowRoom() {
    if (start_ != nullptr) munmap(start_, bytes_);
  }

  float* floats() const { return static_cast<float*>(start_); }

  // The first `bytes` bytes, at least one; the rest is given back.
  std::shared_ptr<const std::byte> Keep(int64_t bytes) && {
    const int64_t page = sysconf(_SC_PAGESIZE);
    const int64_t kept = std::min((bytes + page - 1) / page * page, bytes_);
    if (kept < bytes_) munmap(static_cast<char*>(start_) + kept, bytes_ - kept);
    void* const start = std::exchange(start_, nullptr);
    return std::shared_ptr<const std::byte>(
        static_cast<const std::byte*>(start),
        [start, kept](const std::byte*) { munmap(start, kept); });
  }

 private:
  RowRoom(void* start, int64_t bytes) : start_(start), bytes_(bytes) {}

  void* start_;
  int64_t bytes_;
};

// The rows that begin after the newlines of [begin, end), and row 0 in the part
// that begins at 0. `begin` and `end` are multiples of a block or the size.
struct Part {
  int64_t begin = 0, end = 0;
  int64_t first_row = 0;
  // Set by ReadPart:
  absl::Status status;
  std::vector<int32_t> labels;
  bool out_of_room = false;
};

// A block of text with what Nt3FieldReader looks at around it.
class BlockBuffer {
 public:
  explicit BlockBuffer(int64_t block_bytes)
      : bytes_(
            new char[kBefore + block_bytes + Nt3FieldReader::kReadableAfter]) {
    // Never used, but looked at together with what is.
    std::memset(bytes_.get(), ',', kBefore);
    std::memset(block() + block_bytes, ',', Nt3FieldReader::kReadableAfter);
  }

  char* block() const { return bytes_.get() + kBefore; }

 private:
  // Before a block there is room for the field that the last one left open.
  static constexpr int64_t kBefore =
      Nt3FieldReader::kReadableBefore + Nt3FieldReader::kLongestField;

  const std::unique_ptr<char[]> bytes_;
};

class CsvReader {
 public:
  CsvReader(const Source& source, const Nt3CsvOptions& options)
      : source_(source),
        options_(options),
        blocks_((source.size + options.block_bytes - 1) / options.block_bytes) {
  }

  absl::StatusOr<Nt3Rows> Read() {
    if (source_.size == 0) {
      return DataError(
          absl::StrCat(source_.name,
                       ": offset 0: expected at least one row, found an empty "
                       "file; remedy: replace it with an intact copy"));
    }
    block_digests_.resize(blocks_);
    std::vector<Part> parts = Split();
    const bool alone = parts.size() == 1;
    // One part alone needs no count.
    if (!alone) REPRISE_RETURN_IF_ERROR(PlaceRows(&parts));

    // Every field has at least one character and one separator, but for the
    // last newline. More rows than this cannot all be whole.
    const int64_t most_rows =
        (source_.size + 1) / (2 * (options_.features + 1)) + 1;
    REPRISE_ASSIGN_OR_RETURN(RowRoom room,
                             RowRoom::Reserve(most_rows * RowBytes()));
    ForEach(&parts, [&](Part& part) {
      ReadPart(&part, room.floats(), most_rows, /*with_digest=*/alone);
    });
    return Join(parts, std::move(room));
  }

 private:
  int64_t RowBytes() const {
    return options_.features * int64_t{sizeof(float)};
  }

  // A part for each thread, of whole blocks.
  std::vector<Part> Split() const {
    const int threads = static_cast<int>(std::clamp<int64_t>(
        options_.threads, 1, std::max<int64_t>(blocks_, 1)));
    std::vector<Part> parts(threads);
    for (int i = 0; i < threads; ++i) {
      parts[i].begin =
          std::min(blocks_ * i / threads * options_.block_bytes, source_.size);
      parts[i].end = std::min(
          blocks_ * (i + 1) / threads * options_.block_bytes, source_.size);
    }
    return parts;
  }

  // Sets first_row of each part: its rows have their place only once the
  // newlines before it are counted.
  absl::Status PlaceRows(std::vector<Part>* parts) {
    std::vector<int64_t> newlines(parts->size());
    ForEach(parts, [&](Part& part) {
      part.status = CountNewlines(part, &newlines[&part - parts->data()]);
    });
    // A part's first row is the one after its first newline.
    int64_t first_row = 1;
    for (size_t i = 0; i < parts->size(); ++i) {
      Part& part = (*parts)[i];
      REPRISE_RETURN_IF_ERROR(part.status);
      if (i > 0) part.first_row = first_row;
      first_row += newlines[i];
    }
    return absl::OkStatus();
  }

  // The rows of all parts, which lie in `room`.
  absl::StatusOr<Nt3Rows> Join(const std::vector<Part>& parts,
                               RowRoom room) const {
    Nt3Rows result;
    result.features = options_.features;
    for (const Part& part : parts) REPRISE_RETURN_IF_ERROR(part.status);
    for (const Part& part : parts) {
      const int64_t so_far = static_cast<int64_t>(result.labels.size());
      if (part.out_of_room ||
          (!part.labels.empty() && part.first_row != so_far)) {
        return ChangedError(source_.name);
      }
      result.labels.insert(result.labels.end(), part.labels.begin(),
                           part.labels.end());
    }
    if (result.labels.empty()) {
      return DataError(
          absl::StrCat(source_.name,
                       ": expected at least one row, found none; remedy: "
                       "replace it with an intact copy"));
    }
    result.rows = std::move(room).Keep(
        static_cast<int64_t>(result.labels.size()) * RowBytes());
    if (options_.block_bytes == kDigestBlockBytes) {
      static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
      result.digest = absl::StrFormat(
          "xxh3:%016x", XXH3_64bits(block_digests_.data(),
                                    block_digests_.size() * sizeof(uint64_t)));
    }
    return result;
  }

  static void ForEach(std::vector<Part>* parts,
                      const std::function<void(Part&)>& work) {
    std::vector<std::thread> threads;
    for (size_t i = 1; i < parts->size(); ++i) {
      threads.emplace_back([&work, part = &(*parts)[i]] { work(*part); });
    }
    work(parts->front());
    for (std::thread& thread : threads) thread.join();
  }

  void TakeDigest(int64_t offset, const char* block, int64_t bytes) {
    block_digests_[offset / options_.block_bytes] = XXH3_64bits(block, bytes);
  }

  absl::Status CountNewlines(const Part& part, int64_t* newlines) {
    const std::unique_ptr<char[]> block(new char[options_.block_bytes]);
    for (int64_t offset = part.begin; offset < part.end;
         offset += options_.block_bytes) {
      const int64_t bytes = std::min(options_.block_bytes, part.end - offset);
      REPRISE_RETURN_IF_ERROR(source_.read(offset, bytes, block.get()));
      TakeDigest(offset, block.get(), bytes);
      *newlines += std::count(block.get(), block.get() + bytes, '\n');
    }
    return absl::OkStatus();
  }

  void ReadPart(Part* part, float* rows, int64_t most_rows, bool with_digest) {
    const BlockBuffer buffer(options_.block_bytes);
    char* const block = buffer.block();
    Nt3FieldReader reader(options_.kernel, options_.features, options_.classes,
                          rows, part->first_row, most_rows);
    // What of the text so far is not yet taken lies right before the block.
    int64_t left = 0;
    bool in_rows = part->begin == 0;
    bool done = false;
    int64_t offset = part->begin;
    while (!done && offset < source_.size && (in_rows || offset < part->end)) {
      const int64_t bytes =
          std::min(options_.block_bytes, source_.size - offset);
      part->status = source_.read(offset, bytes, block);
      if (!part->status.ok()) return;
      if (with_digest) TakeDigest(offset, block, bytes);
      const char* begin = block - left;
      const char* end = block + bytes;
      if (offset == 0) begin += ByteOrderMarkBytes(block, bytes);
      if (!in_rows) {
        const void* const newline = std::memchr(block, '\n', bytes);
        if (newline == nullptr) {
          offset += bytes;
          continue;
        }
        begin = static_cast<const char*>(newline) + 1;
        in_rows = true;
      } else if (offset >= part->end) {
        const void* const newline = std::memchr(block, '\n', bytes);
        if (newline != nullptr) {
          end = static_cast<const char*>(newline) + 1;
          done = true;
        }
      }
      const char* const rest = reader.Read(begin, end);
      if (rest == nullptr) {
        SetFault(reader, offset, block, part);
        return;
      }
      left = end - rest;
      if (left > Nt3FieldReader::kLongestField) {
        reader.SetTooLong(rest);
        SetFault(reader, offset, block, part);
        return;
      }
      std::memmove(block - left, rest, left);
      offset += bytes;
    }
    if (in_rows && !done && !reader.Finish(block - left, block)) {
      SetFault(reader, offset, block, part);
      return;
    }
    part->labels = reader.labels();
  }

  // Of a file that begins with the first block.
  static int64_t ByteOrderMarkBytes(const char* block, int64_t bytes) {
    return bytes >= 3 && std::memcmp(block, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  }

  void SetFault(const Nt3FieldReader& reader, int64_t offset, const char* block,
                Part* part) const {
    part->out_of_room = reader.out_of_room();
    if (part->out_of_room) return;
    const Nt3Fault& fault = reader.fault();
    part->status = DataError(absl::StrCat(
        source_.name, ": row ", fault.row, ", column ", fault.column,
        " (offset ", offset + (fault.at - block), "): expected ",
        fault.expected, ", found ", fault.found, "; remedy: ", fault.remedy));
  }

  const Source& source_;
  const Nt3CsvOptions& options_;
  const int64_t blocks_;
  std::vector<uint64_t> block_digests_;
};

absl::StatusOr<Nt3Rows> ReadSource(const Source& source,
                                   const Nt3CsvOptions& options) {
  REPRISE_CHECK(options.features > 0 && options.classes > 0 &&
                options.block_bytes > 3 && HasNt3Kernel(options.kernel))
      << "features " << options.features << ", classes " << options.classes
      << ", block_bytes " << options.block_bytes;
  return CsvReader(source, options).Read();
}

}  // namespace

absl::StatusOr<FileStamp> StampOf(const std::string& path) {
  struct stat found;
  if (stat(path.c_str(), &found) != 0) {
    const int error = errno;
    if (error == ENOENT && lstat(path.c_str(), &found) != 0) {
      return StatusWithExitCode(absl::StatusCode::kNotFound,
                                absl::StrCat(path, ": there is no such file"),
                                ExitCode::kData);
    }
    return DataError(absl::StrCat(
        path, ": expected a readable file, found ",
        error == ENOENT ? "a symbolic link whose target does not exist"
                        : "an error: " + std::generic_category().message(error),
        "; remedy: restore the file and let this user read it"));
  }
  REPRISE_RETURN_IF_ERROR(CheckIsFile(path, found));
  return StampFrom(found);
}

absl::StatusOr<Nt3Rows> ReadNt3Csv(const std::string& path,
                                   const Nt3CsvOptions& options) {
  // O_NONBLOCK: opening a named pipe must not wait for its writer.
  const FileDescriptor fd(
      open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  struct stat found;
  if (fd.get() < 0 || fstat(fd.get(), &found) != 0) {
    return DataError(absl::StrCat(
        path, ": expected a readable file, found an error: ", ErrnoText(),
        "; remedy: put the file there and let this user read it"));
  }
  REPRISE_RETURN_IF_ERROR(CheckIsFile(path, found));
  const FileStamp stamp = StampFrom(found);
  Source source;
  source.name = path;
  source.size = stamp.bytes;
  source.read = [&](int64_t offset, int64_t bytes, char* destination) {
    return ReadFile(fd.get(), path, offset, bytes, destination);
  };
  absl::StatusOr<Nt3Rows> rows = ReadSource(source, options);
  if (!rows.ok()) return rows.status();
  if (fstat(fd.get(), &found) != 0 || !(StampFrom(found) == stamp)) {
    return ChangedError(path);
  }
  rows->stamp = stamp;
  return rows;
}

absl::StatusOr<Nt3Rows> ReadNt3Text(absl::string_view text,
                                    const std::string& name,
                                    const Nt3CsvOptions& options) {
  Source source;
  source.name = name;
  source.size = static_cast<int64_t>(text.size());
  source.read = [&](int64_t offset, int64_t bytes, char* destination) {
    std::memcpy(destination, text.data() + offset, bytes);
    return absl::OkStatus();
  };
  return ReadSource(source, options);
}

}  // namespace reprise
