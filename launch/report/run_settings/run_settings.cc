#include "launch/report/run_settings/run_settings.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"
#include "nlohmann/json.hpp"

namespace reprise {

std::string SettingText(const std::string& value_json) {
  const auto value =
      nlohmann::json::parse(value_json, nullptr, /*allow_exceptions=*/false);
  return value.is_string() ? value.get<std::string>() : value_json;
}

bool IsBookkeeping(absl::string_view setting) {
  static constexpr absl::string_view kNames[] = {
      "checkpoint",   "checkpoint-every", "config",      "dataset-dir",
      "log-interval", "output",           "results-dir", "resume",
      "save-dir",     "timeline",         "yaml-config"};
  return std::find(std::begin(kNames), std::end(kNames), setting) !=
             std::end(kNames) ||
         absl::StartsWith(setting, "influx") ||
         absl::StartsWith(setting, "tensor");
}

}  // namespace reprise
