#include "data/mnist/idx_writer.h"

#include <zlib.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

std::string HeaderOf(const std::vector<int64_t>& sizes) {
  std::string header = {0, 0, 8, static_cast<char>(sizes.size())};
  for (const int64_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      header.push_back(static_cast<char>(size >> shift));
    }
  }
  return header;
}

std::string Compress(const std::string& content) {
  z_stream stream{};
  constexpr int kGzip = 16;
  // Level 1: three times as fast as the default and 15 % larger.
  REPRISE_CHECK(deflateInit2(&stream, 1, Z_DEFLATED, MAX_WBITS + kGzip, 8,
                             Z_DEFAULT_STRATEGY) == Z_OK)
      << "no memory";
  std::string compressed(deflateBound(&stream, content.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(&compressed[0]);
  stream.avail_out = static_cast<uInt>(compressed.size());
  const int result = deflate(&stream, Z_FINISH);
  compressed.resize(stream.total_out);
  deflateEnd(&stream);
  REPRISE_CHECK(result == Z_STREAM_END) << "deflate returned " << result;
  return compressed;
}

absl::Status WriteSplit(const std::string& folder, const std::string& prefix,
                        const Dataset& split, const std::string& suffix) {
  REPRISE_CHECK(split.format.element == DType::kUint8 &&
                split.format.channels == 1)
      << "not one channel of bytes";
  REPRISE_RETURN_IF_ERROR(WriteIdx(
      absl::StrCat(folder, "/", prefix, "-images-idx3-ubyte", suffix),
      {split.size(), split.format.height, split.format.width}, split.rows));
  std::vector<std::byte> labels;
  labels.reserve(split.labels.size());
  for (const int32_t label : split.labels) {
    REPRISE_CHECK(label >= 0 && label < 256) << "label " << label;
    labels.push_back(static_cast<std::byte>(label));
  }
  return WriteIdx(
      absl::StrCat(folder, "/", prefix, "-labels-idx1-ubyte", suffix),
      {split.size()}, labels);
}

}  // namespace

absl::Status WriteIdx(const std::string& path,
                      const std::vector<int64_t>& sizes,
                      const std::vector<std::byte>& bytes) {
  const std::string header = HeaderOf(sizes);
  const absl::string_view payload(reinterpret_cast<const char*>(bytes.data()),
                                  bytes.size());
  if (!absl::EndsWith(path, ".gz")) return ReplaceFile(path, {header, payload});
  return ReplaceFile(path, {Compress(absl::StrCat(header, payload))});
}

absl::Status WriteMnist(const std::string& folder, const DatasetPair& pair,
                        bool compressed) {
  const std::string raw = absl::StrCat(folder, "/MNIST/raw");
  REPRISE_RETURN_IF_ERROR(MakeFolders(raw));
  const std::string suffix = compressed ? ".gz" : "";
  REPRISE_RETURN_IF_ERROR(WriteSplit(raw, "train", *pair.train, suffix));
  return WriteSplit(raw, "t10k", *pair.test, suffix);
}

}  // namespace reprise
