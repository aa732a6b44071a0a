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

// Empty: none is given.
absl::StatusOr<std::string> TokenOf(const std::string& file) {
  std::string text = GetEnv("INFLUX_TOKEN");
  if (!file.empty()) {
    REPRISE_ASSIGN_OR_RETURN(
        text, ReadUserInput(ResolveUserPath(file), kMostTokenBytes));
  }
  const std::string token(absl::StripAsciiWhitespace(text));
  const bool is_one_word = std::all_of(token.begin(), token.end(), [](char c) {
    return absl::ascii_isgraph(static_cast<unsigned char>(c));
  });
  if (is_one_word && !(token.empty() && !file.empty())) return token;
  return UsageError(absl::StrCat(
      file.empty() ? "INFLUX_TOKEN" : "--influx-token-file: " + file,
      ": expected one line, the token, found ",
      token.empty() ? "none" : "something else"));
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
