#include "launch/settings/influx_problems.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/metrics/influx/influx_server.h"

namespace reprise {

std::vector<std::string> ProblemsOf(const InfluxSettings& influx) {
  std::vector<std::string> problems;
  if (influx.url.empty()) return problems;
  const absl::Status url = CheckInfluxUrl(influx.url);
  if (!url.ok()) problems.emplace_back(url.message());
  const bool is_first = !influx.database.empty();
  if (is_first && !(influx.org.empty() && influx.bucket.empty())) {
    problems.emplace_back(
        "--influx-database (InfluxDB 1) contradicts --influx-org and "
        "--influx-bucket (InfluxDB 2 and 3): give those of the server");
  } else if (!is_first && (influx.org.empty() || influx.bucket.empty())) {
    problems.push_back(absl::StrCat(
        "--influx-url: expected --influx-database (InfluxDB 1), or "
        "--influx-org and --influx-bucket (InfluxDB 2 and 3), found ",
        influx.org.empty() && influx.bucket.empty() ? "none of them"
                                                    : "one of the latter"));
  }
  if (is_first && !influx.token_file.empty()) {
    problems.emplace_back(
        "--influx-token-file contradicts --influx-database: InfluxDB 1 takes "
        "--influx-user, and INFLUX_PASSWORD of the environment");
  }
  if (!is_first && !influx.user.empty()) {
    problems.emplace_back(
        "--influx-user is of InfluxDB 1; a bucket takes a token: INFLUX_TOKEN "
        "of the environment, or --influx-token-file");
  }
  return problems;
}

}  // namespace reprise
