#include "core/base/nearest_name.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

// Longer ones are no typo, and the distance costs the product of the lengths.
constexpr size_t kLongestName = 64;

size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1,
                                     std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::string NearestName(absl::string_view unknown,
                        const std::vector<std::string>& names) {
  if (unknown.empty() || unknown.size() > kLongestName) return "";
  std::string nearest;
  size_t smallest = std::max<size_t>(1, unknown.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = EditDistance(unknown, name);
    if (distance < smallest) {
      smallest = distance;
      nearest = name;
    }
  }
  if (!nearest.empty() || unknown.size() < 3) return nearest;
  for (const std::string& name : names) {
    if (absl::StartsWith(name, unknown)) return name;
  }
  return "";
}

std::string DidYouMean(absl::string_view unknown,
                       const std::vector<std::string>& names) {
  const std::string nearest = NearestName(unknown, names);
  return nearest.empty() ? "" : absl::StrCat("; did you mean ", nearest, "?");
}

}  // namespace reprise
