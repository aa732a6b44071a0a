#include "data/mnist/idx.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

constexpr absl::string_view kFetchAgain =
    "; remedy: replace it with an intact copy";

// The uncompressed content of a file, in order.
class Content {
 public:
  static absl::StatusOr<Content> Open(const std::string& path) {
    REPRISE_ASSIGN_OR_RETURN(StoredFile file, StoredFile::Open(path));
    Content content(std::move(file));
    REPRISE_RETURN_IF_ERROR(content.Start());
    return content;
  }

  bool is_compressed() const { return inflater_ != nullptr; }

  // More bytes than this the content cannot have.
  int64_t Limit() const {
    // Deflate's best: 258 bytes in 2 bits.
    return inflater_ == nullptr ? file_.size() : file_.size() * 1032;
  }

  // Up to `bytes` bytes; fewer only at the end of the content.
  absl::StatusOr<int64_t> Read(std::byte* destination, int64_t bytes) {
    if (inflater_ == nullptr) {
      const int64_t buffered =
          std::min(bytes, static_cast<int64_t>(input_.size()) - raw_used_);
      std::copy_n(input_.begin() + raw_used_, buffered, destination);
      raw_used_ += buffered;
      REPRISE_ASSIGN_OR_RETURN(
          const int64_t got,
          file_.Read(destination + buffered, bytes - buffered));
      return buffered + got;
    }
    return Inflate(destination, bytes);
  }

  // To be called once Read came to its end: nothing may follow.
  absl::Status CheckNothingFollows() {
    if (inflater_ == nullptr) return absl::OkStatus();
    std::byte next;
    REPRISE_ASSIGN_OR_RETURN(const int64_t stored, file_.Read(&next, 1));
    if (inflater_->avail_in > 0 || stored > 0) {
      return DataError(absl::StrCat(
          file_.path(), ": stored offset ", inflater_->total_in,
          ": expected the end of the file after the gzip stream, found more "
          "bytes",
          kFetchAgain));
    }
    return absl::OkStatus();
  }

  std::string Digest() const { return file_.Digest(); }

 private:
  struct EndInflate {
    void operator()(z_stream* stream) const {
      inflateEnd(stream);
      delete stream;
    }
  };

  explicit Content(StoredFile file) : file_(std::move(file)) {}

  // Compares the first bytes with what the name promises.
  absl::Status Start() {
    input_.resize(2);
    REPRISE_ASSIGN_OR_RETURN(const int64_t got, file_.Read(input_.data(), 2));
    input_.resize(got);
    const bool named_gzip = absl::EndsWith(file_.path(), ".gz");
    const bool is_gzip = got == 2 && input_[0] == std::byte{0x1f} &&
                         input_[1] == std::byte{0x8b};
    if (named_gzip && !is_gzip) {
      return DataError(absl::StrCat(
          file_.path(),
          ": stored offset 0: expected a gzip stream (1f 8b), as "
          "the name says, found ",
          HexOfInput(),
          "; remedy: if it is not compressed, remove .gz from its name; "
          "otherwise replace it with an intact copy"));
    }
    if (!named_gzip && is_gzip) {
      return DataError(absl::StrCat(
          file_.path(),
          ": offset 0: expected uncompressed IDX data (00 00 08), "
          "as the name says, found a gzip stream (1f 8b); remedy: add .gz to "
          "its name or run gunzip on it"));
    }
    if (!is_gzip) return absl::OkStatus();
    auto stream = std::make_unique<z_stream>(z_stream{});
    constexpr int kGzipOnly = 16;
    if (inflateInit2(stream.get(), MAX_WBITS + kGzipOnly) != Z_OK) {
      return absl::ResourceExhaustedError(
          absl::StrCat(file_.path(), ": no memory to decompress it"));
    }
    inflater_.reset(stream.release());
    inflater_->next_in = reinterpret_cast<Bytef*>(input_.data());
    inflater_->avail_in = static_cast<uInt>(input_.size());
    return absl::OkStatus();
  }

  std::string HexOfInput() const {
    if (input_.empty()) return "an empty file";
    return absl::StrJoin(input_, " ", [](std::string* out, std::byte b) {
      absl::StrAppendFormat(out, "%02x", std::to_integer<int>(b));
    });
  }

  absl::StatusOr<int64_t> Inflate(std::byte* destination, int64_t bytes) {
    constexpr int64_t kInputBytes = 256 << 10;
    constexpr int64_t kLargestOutput = 1 << 30;  // avail_out has 32 bits
    int64_t done = 0;
    while (done < bytes && !gzip_ended_) {
      if (inflater_->avail_in == 0) {
        input_.resize(kInputBytes);
        REPRISE_ASSIGN_OR_RETURN(const int64_t got,
                                 file_.Read(input_.data(), kInputBytes));
        if (got == 0) {
          return DataError(absl::StrCat(
              file_.path(), ": stored offset ", inflater_->total_in,
              ": expected the gzip stream to go on, found the end of the file: "
              "it is truncated",
              kFetchAgain));
        }
        inflater_->next_in = reinterpret_cast<Bytef*>(input_.data());
        inflater_->avail_in = static_cast<uInt>(got);
      }
      const uInt room =
          static_cast<uInt>(std::min(bytes - done, kLargestOutput));
      inflater_->next_out = reinterpret_cast<Bytef*>(destination + done);
      inflater_->avail_out = room;
      const int result = inflate(inflater_.get(), Z_NO_FLUSH);
      done += room - inflater_->avail_out;
      if (result == Z_STREAM_END) {
        gzip_ended_ = true;
      } else if (result == Z_MEM_ERROR) {
        return absl::ResourceExhaustedError(
            absl::StrCat(file_.path(), ": no memory to decompress it"));
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        return DataError(absl::StrCat(
            file_.path(), ": stored offset ", inflater_->total_in,
            ": expected an intact gzip stream, found a corrupt one (",
            inflater_->msg != nullptr ? inflater_->msg : "a preset dictionary",
            ")", kFetchAgain));
      }
    }
    return done;
  }

  StoredFile file_;
  // What was read from the file and not yet handed on.
  std::vector<std::byte> input_;
  int64_t raw_used_ = 0;
  // Null for an uncompressed file. zlib keeps a pointer back to it.
  std::unique_ptr<z_stream, EndInflate> inflater_;
  bool gzip_ended_ = false;
};

uint32_t BigEndian32(const std::byte* bytes) {
  uint32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    value = value << 8 | std::to_integer<uint32_t>(bytes[i]);
  }
  return value;
}

int64_t HeaderBytes(int dimensions) { return 4 + 4 * int64_t{dimensions}; }

absl::Status CheckMagic(const std::string& path, uint32_t magic,
                        int dimensions) {
  const uint32_t expected = 0x00000800u + static_cast<uint32_t>(dimensions);
  if (magic == expected) return absl::OkStatus();
  const char* what = magic == 0x00000801u   ? " (an IDX label file)"
                     : magic == 0x00000803u ? " (an IDX image file)"
                                            : "";
  return DataError(absl::StrFormat(
      "%s: offset 0: expected the magic number 0x%08x (unsigned bytes, %d "
      "dimension%s), found 0x%08x%s; remedy: %s",
      path, expected, dimensions, dimensions == 1 ? "" : "s", magic, what,
      *what != '\0' ? "exchange the swapped files"
                    : "replace it with an intact copy"));
}

// The sizes, whose product a content like this one may have.
absl::StatusOr<std::vector<int64_t>> ReadHeader(const std::string& path,
                                                int dimensions,
                                                Content* content) {
  std::array<std::byte, 4 + 4 * 255> header;
  const int64_t header_bytes = HeaderBytes(dimensions);
  REPRISE_ASSIGN_OR_RETURN(const int64_t header_read,
                           content->Read(header.data(), header_bytes));
  if (header_read >= 4) {
    REPRISE_RETURN_IF_ERROR(
        CheckMagic(path, BigEndian32(header.data()), dimensions));
  }
  if (header_read < header_bytes) {
    return DataError(absl::StrCat(
        path, ": offset ", header_read, ": expected an IDX header of ",
        header_bytes, " bytes, found the end of the content", kFetchAgain));
  }

  // More than any file of this kind that was cut.
  constexpr int64_t kLargest = int64_t{1} << 30;
  std::vector<int64_t> sizes;
  int64_t bytes = 1;
  for (int d = 0; d < dimensions; ++d) {
    const int64_t offset = 4 + 4 * d;
    const int64_t size = BigEndian32(header.data() + offset);
    if (size == 0) {
      return DataError(absl::StrCat(path, ": offset ", offset,
                                    ": expected a positive size of dimension ",
                                    d, ", found 0", kFetchAgain));
    }
    // Of an uncompressed file that is shorter the end is missed later.
    if (__builtin_mul_overflow(bytes, size, &bytes) ||
        (bytes > content->Limit() &&
         (bytes > kLargest || content->is_compressed()))) {
      return DataError(absl::StrCat(path, ": offset ", offset,
                                    ": expected sizes that a content of at "
                                    "most ",
                                    content->Limit(), " bytes can have, found ",
                                    size, " in dimension ", d, kFetchAgain));
    }
    sizes.push_back(size);
  }
  return sizes;
}

// The `bytes` bytes that follow the header, to the end of the content.
absl::Status ReadElements(const std::string& path, int64_t bytes,
                          Content* content, IdxArray* array) {
  const int64_t header_bytes =
      HeaderBytes(static_cast<int>(array->sizes.size()));
  // Grown as the content proves to be there, so that a file that lies about its
  // dimensions costs no memory; MNIST's 47 MB are read in one piece.
  constexpr int64_t kFirstBytes = int64_t{64} << 20;
  for (int64_t have = 0; have < bytes;) {
    const int64_t next = std::min({bytes, std::max(2 * have, kFirstBytes),
                                   std::max(content->Limit(), have + 1)});
    array->bytes.resize(next);
    REPRISE_ASSIGN_OR_RETURN(
        const int64_t got,
        content->Read(array->bytes.data() + have, next - have));
    have += got;
    if (have < next) {
      return DataError(absl::StrCat(
          path, ": offset ", header_bytes + have, ": expected ", bytes,
          " bytes after the header (", absl::StrJoin(array->sizes, " x "),
          "), found ", have, ": it is truncated", kFetchAgain));
    }
  }
  std::byte extra;
  REPRISE_ASSIGN_OR_RETURN(const int64_t more, content->Read(&extra, 1));
  if (more != 0) {
    return DataError(absl::StrCat(
        path, ": offset ", header_bytes + bytes, ": expected the end after ",
        bytes, " bytes (", absl::StrJoin(array->sizes, " x "), "), found more",
        kFetchAgain));
  }
  return content->CheckNothingFollows();
}

}  // namespace

absl::StatusOr<IdxArray> ReadIdx(const std::string& path, int dimensions) {
  REPRISE_ASSIGN_OR_RETURN(Content content, Content::Open(path));
  IdxArray array;
  REPRISE_ASSIGN_OR_RETURN(array.sizes, ReadHeader(path, dimensions, &content));
  int64_t bytes = 1;
  for (const int64_t size : array.sizes) bytes *= size;
  REPRISE_RETURN_IF_ERROR(ReadElements(path, bytes, &content, &array));
  array.digest = content.Digest();
  return array;
}

}  // namespace reprise
