#include "launch/data/rows/published_check.h"

#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace reprise {
namespace {

std::vector<int64_t> ClassCounts(const Dataset& split) {
  std::vector<int64_t> counts(split.num_classes);
  for (const int32_t label : split.labels) ++counts[label];
  return counts;
}

}  // namespace

absl::Status WrongDigest(absl::string_view file, absl::string_view expected,
                         absl::string_view found) {
  return DataError(absl::StrCat(
      file, ": expected the published md5 ", expected, ", found ", found,
      "; remedy: name another server with --mirror; nothing was kept"));
}

absl::Status CheckCounts(const DatasetPair& pair,
                         const std::vector<int64_t>& train,
                         const std::vector<int64_t>& test) {
  for (const auto& [name, split, expected] :
       {std::make_tuple("training", pair.train.get(), &train),
        std::make_tuple("test", pair.test.get(), &test)}) {
    const std::vector<int64_t> found = ClassCounts(*split);
    if (found == *expected) continue;
    return DataError(
        absl::StrCat(pair.source, ": expected ", absl::StrJoin(*expected, ", "),
                     " ", name, " samples of the classes, as published, found ",
                     absl::StrJoin(found, ", "),
                     "; remedy: replace it with the published data set"));
  }
  return absl::OkStatus();
}

}  // namespace reprise
