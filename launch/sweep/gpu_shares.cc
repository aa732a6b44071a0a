#include "launch/sweep/gpu_shares.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace reprise {

std::vector<std::string> ShareGpus(int64_t gpus, absl::string_view visible,
                                   int64_t parallel) {
  if (parallel == 1 || gpus < parallel) return {};
  std::vector<std::string> names;
  if (visible.empty()) {
    for (int64_t i = 0; i < gpus; ++i) names.push_back(absl::StrCat(i));
  } else {
    // The driver sees them in this order, and none behind one that is not
    // there.
    names = absl::StrSplit(visible, ',');
    if (static_cast<int64_t>(names.size()) < gpus) return {};
  }
  const int64_t each = gpus / parallel;
  std::vector<std::string> shares;
  for (int64_t place = 0; place < parallel; ++place) {
    const auto first = names.begin() + place * each;
    shares.push_back(absl::StrJoin(first, first + each, ","));
  }
  return shares;
}

}  // namespace reprise
