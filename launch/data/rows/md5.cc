#include "launch/data/rows/md5.h"

#include <cstdint>

#include "absl/strings/escaping.h"
#include "core/base/status.h"
#include "data/stored_file.h"
#include "mbedtls/md5.h"

namespace reprise {
namespace {

class Md5 {
 public:
  Md5() {
    mbedtls_md5_init(&context_);
    mbedtls_md5_starts_ret(&context_);
  }
  ~Md5() { mbedtls_md5_free(&context_); }
  Md5(const Md5&) = delete;
  Md5& operator=(const Md5&) = delete;

  void Add(absl::string_view bytes) {
    mbedtls_md5_update_ret(&context_,
                           reinterpret_cast<const unsigned char*>(bytes.data()),
                           bytes.size());
  }

  std::string Hex() {
    unsigned char digest[16];
    mbedtls_md5_finish_ret(&context_, digest);
    return absl::BytesToHexString(
        {reinterpret_cast<const char*>(digest), sizeof(digest)});
  }

 private:
  mbedtls_md5_context context_;
};

}  // namespace

std::string Md5OfBytes(const std::vector<absl::string_view>& pieces) {
  Md5 md5;
  for (const absl::string_view piece : pieces) md5.Add(piece);
  return md5.Hex();
}

absl::StatusOr<std::string> Md5OfFile(const std::string& path) {
  REPRISE_ASSIGN_OR_RETURN(StoredFile file, StoredFile::Open(path));
  Md5 md5;
  std::string piece(1 << 20, '\0');
  while (true) {
    REPRISE_ASSIGN_OR_RETURN(
        const int64_t got,
        file.Read(&piece[0], static_cast<int64_t>(piece.size())));
    md5.Add({piece.data(), static_cast<size_t>(got)});
    if (got < static_cast<int64_t>(piece.size())) return md5.Hex();
  }
}

}  // namespace reprise
