#include "data/candle/nt3_cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <type_traits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/candle/max_abs.h"
#include "data/stored_file.h"
#include "xxhash.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

constexpr char kMagic[16] = "reprise nt3 f32";
constexpr uint32_t kVersion = 2;
constexpr uint32_t kByteOrder = 0x01020304;
constexpr int64_t kRowAlignment = 4096;
constexpr char kSuffix[] = ".cache";

struct Header {
  char magic[16];
  uint32_t version;
  uint32_t byte_order;
  int64_t source_bytes;
  uint64_t source_stamp;  // StampDigest
  int64_t rows;
  int64_t features;
  int32_t classes;
  uint32_t reserved;
  int64_t file_bytes;
  uint64_t rows_digest;    // XXH3-64
  char source_digest[32];  // ended by a zero
  // Of the header up to here, the labels and the largest magnitudes. XXH64,
  // whose algorithm is final.
  uint64_t checksum;

  int64_t rows_offset() const {
    const int64_t before = int64_t{sizeof(Header)} +
                           rows * int64_t{sizeof(int32_t)} +
                           features * int64_t{sizeof(float)};
    return (before + kRowAlignment - 1) / kRowAlignment * kRowAlignment;
  }
  int64_t rows_bytes() const {
    return rows * features * int64_t{sizeof(float)};
  }
};
static_assert(sizeof(Header) == 120);
static_assert(std::is_trivially_copyable_v<Header>);
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);

uint64_t StampDigest(const FileStamp& stamp) {
  const int64_t parts[] = {stamp.modified_nanoseconds,
                           stamp.changed_nanoseconds,
                           static_cast<int64_t>(stamp.inode)};
  return XXH64(parts, sizeof(parts), 0);
}

uint64_t ChecksumOf(const Header& header, const std::vector<int32_t>& labels,
                    const std::vector<float>& max_abs) {
  uint64_t checksum = XXH64(&header, offsetof(Header, checksum), 0);
  checksum = XXH64(labels.data(), labels.size() * sizeof(int32_t), checksum);
  return XXH64(max_abs.data(), max_abs.size() * sizeof(float), checksum);
}

enum class CacheState {
  kGood,
  kAbsent,  // or one of another version, or of a file that has changed
  kDamaged,
};

struct CacheContent {
  CacheState state = CacheState::kAbsent;
  std::string damage;
  std::string path;  // of a good one
  Nt3Split split;
  uint64_t rows_digest = 0;
  int64_t rows_bytes = 0;
};

CacheContent Damaged(std::string damage) {
  CacheContent content;
  content.state = CacheState::kDamaged;
  content.damage = std::move(damage);
  return content;
}

// False if the file ends before, or cannot be read.
bool ReadAt(int fd, int64_t offset, int64_t bytes, void* destination) {
  return pread(fd, destination, bytes, offset) == bytes;
}

// Whether `header` can be that of a file of `size` bytes. Bounded before sizes
// are computed from it: no file of this size has more.
bool FitsFile(const Header& header, int64_t size) {
  return header.features >= 1 && header.features <= size && header.rows >= 1 &&
         header.rows <= size / header.features &&
         header.file_bytes == header.rows_offset() + header.rows_bytes() &&
         header.file_bytes == size;
}

bool IsOf(const Header& header, const FileStamp& stamp,
          const Nt3CsvOptions& options) {
  return header.features == options.features &&
         header.classes == options.classes &&
         header.source_bytes == stamp.bytes &&
         header.source_stamp == StampDigest(stamp);
}

// The rows, in memory that the processes of a node share; nullptr and errno on
// failure. The file is replaced, never written to, so its mapping stays whole.
std::shared_ptr<const std::byte> MapRows(int fd, const Header& header) {
  const int64_t bytes = header.rows_bytes();
  void* const rows =
      mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, header.rows_offset());
  if (rows == MAP_FAILED) return nullptr;
  return std::shared_ptr<const std::byte>(
      static_cast<const std::byte*>(rows),
      [rows, bytes](const std::byte*) { munmap(rows, bytes); });
}

CacheContent OpenCache(const std::string& cache, const FileStamp& stamp,
                       const Nt3CsvOptions& options) {
  // No link is followed, and a named pipe's writer not waited for.
  const FileDescriptor fd(
      open(cache.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0 && (errno == ENOENT || errno == ENOTDIR)) return {};
  struct stat found;
  if (fd.get() < 0 || fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) {
    return Damaged("expected a readable file, found something else");
  }
  const int64_t size = found.st_size;
  Header header;
  if (!ReadAt(fd.get(), 0, sizeof(header), &header)) {
    return Damaged(absl::StrCat("expected a header of ", sizeof(header),
                                " bytes, found a file of ", size));
  }
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    return Damaged("expected the mark of a cache at offset 0, found another");
  }
  if (header.version != kVersion || header.byte_order != kByteOrder) return {};
  if (!FitsFile(header, size)) {
    return Damaged(absl::StrCat("expected ", header.file_bytes,
                                " bytes, as its header says, found ", size));
  }
  CacheContent content;
  Nt3Split& split = content.split;
  split.labels.resize(header.rows);
  split.max_abs.resize(header.features);
  const int64_t label_bytes = header.rows * int64_t{sizeof(int32_t)};
  if (!ReadAt(fd.get(), sizeof(header), label_bytes, split.labels.data()) ||
      !ReadAt(fd.get(), int64_t{sizeof(header)} + label_bytes,
              header.features * int64_t{sizeof(float)}, split.max_abs.data())) {
    return Damaged("expected to read its labels, found an error");
  }
  if (ChecksumOf(header, split.labels, split.max_abs) != header.checksum) {
    return Damaged("expected a header with its checksum, found another");
  }
  if (!IsOf(header, stamp, options)) return {};
  split.rows = MapRows(fd.get(), header);
  if (split.rows == nullptr) {
    return Damaged("expected to map it, found an error: " +
                   std::generic_category().message(errno));
  }
  header.source_digest[sizeof(header.source_digest) - 1] = '\0';
  split.digest = header.source_digest;
  split.from_cache = true;
  content.rows_digest = header.rows_digest;
  content.rows_bytes = header.rows_bytes();
  content.state = CacheState::kGood;
  return content;
}

// The first good one of `caches`; else the last damaged one, with its path in
// front of what is wrong; else kAbsent.
CacheContent FindCache(const std::vector<std::string>& caches,
                       const FileStamp& stamp, const Nt3CsvOptions& options) {
  CacheContent result;
  for (const std::string& cache : caches) {
    CacheContent content = OpenCache(cache, stamp, options);
    if (content.state == CacheState::kGood) {
      content.path = cache;
      return content;
    }
    if (content.state == CacheState::kDamaged) {
      result = Damaged(absl::StrCat(cache, ": ", content.damage));
    }
  }
  return result;
}

// What a process that was killed while it wrote a cache has left.
void RemoveOrphans(const std::string& cache) {
  const fs::path path(cache);
  const std::string prefix = path.filename().string() + ".tmp-";
  std::error_code ignored;
  for (fs::directory_iterator next(path.parent_path(), ignored), end;
       next != end && !ignored; next.increment(ignored)) {
    if (!absl::StartsWith(next->path().filename().string(), prefix)) continue;
    // A younger one may still be written by a process that has no lock.
    const auto written = fs::last_write_time(next->path(), ignored);
    if (!ignored &&
        fs::file_time_type::clock::now() - written > std::chrono::hours(1)) {
      fs::remove(next->path(), ignored);
    }
  }
}

absl::Status WriteCache(const std::string& cache, const Nt3Rows& rows,
                        const Nt3CsvOptions& options,
                        const std::vector<float>& max_abs) {
  Header header;
  std::memset(&header, 0, sizeof(header));
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.version = kVersion;
  header.byte_order = kByteOrder;
  header.source_bytes = rows.stamp.bytes;
  header.source_stamp = StampDigest(rows.stamp);
  header.rows = static_cast<int64_t>(rows.labels.size());
  header.features = rows.features;
  header.classes = options.classes;
  header.file_bytes = header.rows_offset() + header.rows_bytes();
  header.rows_digest = XXH3_64bits(rows.rows.get(), header.rows_bytes());
  rows.digest.copy(header.source_digest, sizeof(header.source_digest) - 1);
  header.checksum = ChecksumOf(header, rows.labels, max_abs);

  std::string start(header.rows_offset(), '\0');
  std::memcpy(&start[0], &header, sizeof(header));
  char* next = &start[sizeof(header)];
  std::memcpy(next, rows.labels.data(), rows.labels.size() * sizeof(int32_t));
  next += rows.labels.size() * sizeof(int32_t);
  std::memcpy(next, max_abs.data(), max_abs.size() * sizeof(float));
  RemoveOrphans(cache);
  return ReplaceFile(
      cache,
      {start, absl::string_view(reinterpret_cast<const char*>(rows.rows.get()),
                                header.rows_bytes())});
}

// Writes the first of `caches` that can be written, and makes its folder unless
// that is the CSV's.
absl::Status WriteFirst(const std::vector<std::string>& caches,
                        const Nt3Rows& rows, const Nt3CsvOptions& options,
                        const std::vector<float>& max_abs) {
  absl::Status status;
  for (size_t i = 0; i < caches.size(); ++i) {
    if (i > 0) {
      status = MakeFolders(fs::path(caches[i]).parent_path().string());
      if (!status.ok()) continue;
    }
    status = WriteCache(caches[i], rows, options, max_abs);
    if (status.ok()) return status;
  }
  return status;
}

// OK if the cache holds what the CSV does.
absl::Status Compare(const CacheContent& cache, const Nt3Rows& rows) {
  const auto differs = [&cache](const std::string& expected,
                                const std::string& found) {
    return DataError(absl::StrCat("the cache ", cache.path, ": expected ",
                                  expected, ", found ", found,
                                  "; remedy: delete it"));
  };
  const uint64_t digest = XXH3_64bits(cache.split.rows.get(), cache.rows_bytes);
  if (digest != cache.rows_digest) {
    return differs(
        absl::StrFormat("rows with the digest %016x", cache.rows_digest),
        absl::StrFormat("%016x", digest));
  }
  if (cache.split.digest != rows.digest || cache.split.labels != rows.labels ||
      std::memcmp(cache.split.rows.get(), rows.rows.get(), cache.rows_bytes) !=
          0) {
    return differs("the labels and rows of the CSV as it is now", "others");
  }
  return absl::OkStatus();
}

// Lets one process make the cache while others wait. The lock is on the CSV
// itself, so it leaves no file behind; where there are no locks there is no
// waiting.
class MakerLock {
 public:
  explicit MakerLock(const std::string& path)
      : fd_(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)) {
    while (fd_.get() >= 0 && flock(fd_.get(), LOCK_EX) != 0 && errno == EINTR) {
    }
  }

 private:
  FileDescriptor fd_;
};

}  // namespace

std::vector<std::string> Nt3CachePaths(const std::string& path) {
  std::vector<std::string> caches = {path + kSuffix};
  std::error_code ignored;
  const fs::path real = fs::weakly_canonical(fs::absolute(path), ignored);
  std::string base;
  const char* const xdg = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  if (xdg != nullptr && xdg[0] == '/') {  // a relative one is to be ignored
    base = xdg;
  } else if (home != nullptr && home[0] == '/') {
    base = absl::StrCat(home, "/.cache");
  }
  if (!base.empty()) {
    const std::string name = real.string();
    caches.push_back(absl::StrFormat(
        "%s/reprise/candle/%s-%016x%s", base, real.filename().string(),
        XXH64(name.data(), name.size(), 0), kSuffix));
  }
  return caches;
}

absl::StatusOr<Nt3Split> LoadNt3(const std::string& path,
                                 const Nt3CsvOptions& options, Nt3CacheUse use,
                                 std::vector<std::string>* warnings) {
  REPRISE_ASSIGN_OR_RETURN(FileStamp stamp, StampOf(path));
  const std::vector<std::string> caches = Nt3CachePaths(path);
  const bool trusts = use == Nt3CacheUse::kTrust;
  CacheContent content = FindCache(caches, stamp, options);
  if (content.state == CacheState::kGood && trusts) {
    return std::move(content.split);
  }

  const MakerLock lock(path);
  REPRISE_ASSIGN_OR_RETURN(stamp, StampOf(path));
  content = FindCache(caches, stamp, options);
  if (content.state == CacheState::kGood && trusts) {
    return std::move(content.split);
  }
  if (content.state == CacheState::kDamaged) {
    warnings->push_back(absl::StrCat("the cache ", content.damage,
                                     "; made it anew from ", path));
  }
  REPRISE_ASSIGN_OR_RETURN(Nt3Rows rows, ReadNt3Csv(path, options));
  if (content.state == CacheState::kGood && rows.stamp == stamp) {
    REPRISE_RETURN_IF_ERROR(Compare(content, rows));
    return std::move(content.split);
  }
  Nt3Split split;
  split.max_abs =
      MaxAbsOf(reinterpret_cast<const float*>(rows.rows.get()),
               static_cast<int64_t>(rows.labels.size()), rows.features);
  const absl::Status written = WriteFirst(caches, rows, options, split.max_abs);
  if (written.ok()) {
    // Shared with the other processes of the node, in place of memory of its
    // own.
    content = FindCache(caches, rows.stamp, options);
    if (content.state == CacheState::kGood) {
      content.split.from_cache = false;
      return std::move(content.split);
    }
  } else {
    warnings->push_back(
        absl::StrCat("no cache of ", path,
                     " (the next run parses it again): ", written.message()));
  }
  split.rows = std::move(rows.rows);
  split.labels = std::move(rows.labels);
  split.digest = std::move(rows.digest);
  return split;
}

}  // namespace reprise
