// "did you mean": the known name nearest to one that is unknown.
#ifndef REPRISE_CORE_BASE_NEAREST_NAME_H_
#define REPRISE_CORE_BASE_NEAREST_NAME_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

// The name with the smallest edit distance (insert, delete, replace, swap of
// neighbours) to `unknown`; empty if none is near: more than a third of the
// letters would have to change and none begins with `unknown`.
std::string NearestName(absl::string_view unknown,
                        const std::vector<std::string>& names);

// "; did you mean NAME?" or "".
std::string DidYouMean(absl::string_view unknown,
                       const std::vector<std::string>& names);

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_NEAREST_NAME_H_
