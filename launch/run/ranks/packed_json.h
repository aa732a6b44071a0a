// What one rank tells the others, as JSON: a struct with nlohmann's to_json and
// from_json, to a string that AllGatherStrings (core/comm/agreement.h) takes.
#ifndef REPRISE_LAUNCH_RUN_RANKS_PACKED_JSON_H_
#define REPRISE_LAUNCH_RUN_RANKS_PACKED_JSON_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace reprise {

template <typename T>
std::string PackJson(const T& value) {
  // Names and reasons that the system gives need not be UTF-8.
  return nlohmann::json(value).dump(-1, ' ', /*ensure_ascii=*/false,
                                    nlohmann::json::error_handler_t::replace);
}

// InternalError "not `what`: ..." for what PackJson<T> did not make.
template <typename T>
absl::StatusOr<T> UnpackJson(absl::string_view packed, absl::string_view what) {
  try {
    return nlohmann::json::parse(packed.begin(), packed.end()).get<T>();
  } catch (const nlohmann::json::exception& error) {
    return absl::InternalError(absl::StrCat("not ", what, ": ", error.what()));
  }
}

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RANKS_PACKED_JSON_H_
