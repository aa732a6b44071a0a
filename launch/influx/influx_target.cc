#include "launch/influx/influx_target.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"

namespace reprise {
namespace {

constexpr int64_t kMostTokenBytes = 64 << 10;

absl::StatusOr<std::string> TokenOf(const std::string& file) {
  if (file.empty()) return GetEnv("INFLUX_TOKEN");
  REPRISE_ASSIGN_OR_RETURN(
      const std::string text,
      ReadUserInput(ResolveUserPath(file), kMostTokenBytes));
  const std::string token(absl::StripAsciiWhitespace(text));
  if (token.empty() || !std::all_of(token.begin(), token.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c));
      })) {
    return UsageError(absl::StrCat("--influx-token-file: ", file,
                                   ": expected one line, the token, found ",
                                   token.empty() ? "none" : "something else"));
  }
  return token;
}

}  // namespace

absl::StatusOr<InfluxTarget> InfluxTargetOf(const InfluxSettings& settings) {
  InfluxTarget target;
  target.url = settings.url;
  target.database = settings.database;
  target.org = settings.org;
  target.bucket = settings.bucket;
  target.user = settings.user;
  if (target.database.empty()) {
    REPRISE_ASSIGN_OR_RETURN(target.token, TokenOf(settings.token_file));
  } else if (!target.user.empty()) {
    target.password = GetEnv("INFLUX_PASSWORD");
  }
  return target;
}

}  // namespace reprise
