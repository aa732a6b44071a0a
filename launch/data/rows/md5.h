// MD5 (RFC 1321), since that is what data sets' digests are published in: it
// tells a damaged or another file, not a forged one.
#ifndef REPRISE_LAUNCH_DATA_ROWS_MD5_H_
#define REPRISE_LAUNCH_DATA_ROWS_MD5_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

// 32 hex digits, of the pieces one after the other.
std::string Md5OfBytes(const std::vector<absl::string_view>& pieces);

// The same of a file, read piece by piece.
absl::StatusOr<std::string> Md5OfFile(const std::string& path);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_MD5_H_
