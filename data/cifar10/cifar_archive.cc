#include "data/cifar10/cifar_archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/cifar10/cifar_batch.h"

namespace reprise {
namespace {

constexpr absl::string_view kFolder = "cifar-10-batches-bin/";
constexpr std::array<absl::string_view, 6> kBatches = {
    "data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
    "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"};
constexpr size_t kBlock = 512;
constexpr uint64_t kMostBytes = 64 << 20;

class ArchiveReader {
 public:
  explicit ArchiveReader(const std::string& path)
      : path_(path), file_(gzopen(path.c_str(), "rb"), gzclose) {}

  absl::Status Extract(const std::string& destination) {
    if (file_ == nullptr) return Fail("a readable file", "none");
    gzbuffer(file_.get(), 256 << 10);
    std::vector<absl::string_view> found;
    while (true) {
      std::string header(kBlock, '\0');
      REPRISE_RETURN_IF_ERROR(Read(&header[0], kBlock));
      if (header.find_first_not_of('\0') == std::string::npos) break;
      REPRISE_RETURN_IF_ERROR(CheckHeader(header));
      const std::string name(header.c_str(),
                             std::min<size_t>(100, header.find('\0')));
      REPRISE_ASSIGN_OR_RETURN(const uint64_t size, SizeOf(header, name));
      std::string content(size, '\0');
      REPRISE_RETURN_IF_ERROR(Read(&content[0], size));
      std::string padding((kBlock - size % kBlock) % kBlock, '\0');
      REPRISE_RETURN_IF_ERROR(Read(&padding[0], padding.size()));
      const auto batch =
          std::find(kBatches.begin(), kBatches.end(),
                    absl::string_view(name).substr(kFolder.size()));
      if (batch == kBatches.end()) continue;
      if (std::find(found.begin(), found.end(), *batch) != found.end()) {
        return Fail("each batch once", name);
      }
      found.push_back(*batch);
      REPRISE_ASSIGN_OR_RETURN(
          const CifarBatch parsed,
          ParseCifarBinary(std::move(content),
                           absl::StrCat(path_, ": ", name)));
      REPRISE_RETURN_IF_ERROR(ReplaceFile(
          absl::StrCat(destination, "/", *batch), {parsed.content}));
    }
    for (const absl::string_view batch : kBatches) {
      if (std::find(found.begin(), found.end(), batch) == found.end()) {
        return Fail(absl::StrCat(kFolder, batch), "none");
      }
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Fail(absl::string_view expected, absl::string_view found) const {
    return DataError(absl::StrCat(
        path_, ": expected ", expected, ", found ", absl::CEscape(found),
        "; remedy: use an intact copy of cifar-10-binary.tar.gz"));
  }

  absl::Status Read(char* to, uint64_t bytes) {
    const int got = gzread(file_.get(), to, static_cast<unsigned>(bytes));
    if (got == static_cast<int>(bytes)) return absl::OkStatus();
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    return Fail(absl::StrCat(bytes, " more bytes at offset ",
                             gztell(file_.get()), " of the uncompressed tar"),
                code == Z_OK ? "the end" : text);
  }

  // The number of `width` octal digits at `at`, or over kMostBytes.
  static uint64_t Octal(const std::string& header, size_t at, size_t width) {
    uint64_t number = 0;
    for (size_t i = at; i < at + width; ++i) {
      if (header[i] == ' ' || header[i] == '\0') {
        if (number > 0) break;
        continue;
      }
      if (header[i] < '0' || header[i] > '7') return kMostBytes + 1;
      number = number * 8 + static_cast<uint64_t>(header[i] - '0');
    }
    return number;
  }

  absl::Status CheckHeader(const std::string& header) const {
    uint64_t sum = 8 * ' ';
    for (size_t i = 0; i < kBlock; ++i) {
      if (i < 148 || i >= 156) sum += static_cast<uint8_t>(header[i]);
    }
    if (sum == Octal(header, 148, 8)) return absl::OkStatus();
    return Fail("a tar header", "another checksum");
  }

  // Of a member that may be read or skipped.
  absl::StatusOr<uint64_t> SizeOf(const std::string& header,
                                  const std::string& name) const {
    const char type = header[156];
    const bool folder = type == '5' && name == kFolder;
    const absl::string_view rest =
        absl::StartsWith(name, kFolder)
            ? absl::string_view(name).substr(kFolder.size())
            : absl::string_view();
    const bool file = (type == '0' || type == '\0') && !rest.empty() &&
                      !absl::StrContains(rest, "/");
    if (!folder && !file) {
      return Fail(absl::StrCat("only files in ", kFolder),
                  absl::StrCat(name, " of type ", absl::string_view(&type, 1)));
    }
    const uint64_t size = Octal(header, 124, 12);
    if (size > kMostBytes || (folder && size != 0)) {
      return Fail("sizes of up to 64 MiB", absl::StrCat("another of ", name));
    }
    return size;
  }

  const std::string& path_;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

}  // namespace

absl::Status ExtractCifarArchive(const std::string& archive,
                                 const std::string& destination) {
  return ArchiveReader(archive).Extract(destination);
}

}  // namespace reprise
