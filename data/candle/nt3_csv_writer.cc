#include "data/candle/nt3_csv_writer.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

// Longest: a sign and the 48 characters of float32's extremes in plain
// decimals.
constexpr int kLongestNumber = 64;

// Writes `value` at `to` and returns the end.
char* WriteNumber(float value, char* to) {
  const double magnitude = std::fabs(double{value});
  if (magnitude >= 1 && magnitude < 1e6) {
    // Exact: the product of two numbers of 24 bits. Seven decimals are within
    // 5e-8, neighbours at least 1.19e-7 apart.
    int64_t scaled = std::llround(magnitude * 1e7);
    if (value < 0) *to++ = '-';
    to = std::to_chars(to, to + kLongestNumber, scaled / 10000000).ptr;
    *to = '.';
    scaled %= 10000000;
    for (int i = 7; i > 0; --i, scaled /= 10) {
      to[i] = static_cast<char>('0' + scaled % 10);
    }
    return to + 8;
  }
  char* const begin = to;
  to = std::to_chars(to, to + kLongestNumber, value, std::chars_format::fixed)
           .ptr;
  if (absl::string_view(begin, to - begin).find('.') ==
      absl::string_view::npos) {
    *to++ = '.';
    *to++ = '0';
  }
  return to;
}

}  // namespace

absl::Status WriteNt3Csv(const std::string& path, const Dataset& split) {
  REPRISE_CHECK(split.format.element == DType::kFloat32)
      << "not rows of float32";
  REPRISE_ASSIGN_OR_RETURN(FileReplacement file, FileReplacement::Begin(path));
  const int64_t features = split.format.elements();
  std::string row(kLongestNumber * (features + 1), '\0');
  for (int64_t i = 0; i < split.size(); ++i) {
    const Sample sample = split.At(i);
    const float* const values = reinterpret_cast<const float*>(sample.row);
    char* to =
        std::to_chars(row.data(), row.data() + kLongestNumber, sample.label)
            .ptr;
    for (int64_t e = 0; e < features; ++e) {
      *to++ = ',';
      to = WriteNumber(values[e], to);
    }
    *to++ = '\n';
    REPRISE_RETURN_IF_ERROR(
        file.Write(absl::string_view(row.data(), to - row.data())));
  }
  return file.Commit();
}

absl::Status WriteCandle(const std::string& folder, const DatasetPair& pair) {
  const std::string candle = absl::StrCat(folder, "/CANDLE");
  REPRISE_RETURN_IF_ERROR(MakeFolders(candle));
  REPRISE_RETURN_IF_ERROR(
      WriteNt3Csv(absl::StrCat(candle, "/nt_train2.csv"), *pair.train));
  return WriteNt3Csv(absl::StrCat(candle, "/nt_test2.csv"), *pair.test);
}

}  // namespace reprise
