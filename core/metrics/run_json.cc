#include "core/metrics/run_json.h"

#include <unistd.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ClaimJson() {
  return {{"schema", 1},
          {"host", HostName()},
          {"pid", getpid()},
          {"started", absl::FormatTime(absl::RFC3339_sec, absl::Now(),
                                       absl::LocalTimeZone())}};
}

}  // namespace

std::string RunJsonClaim() { return Dump(ClaimJson()); }

std::string OwnerInRunJson(const std::string& run_json) {
  const auto content = ReadWholeFile(run_json);
  const Json claim = Json::parse(content.ok() ? *content : "", nullptr, false);
  if (!claim.is_object() || !claim.contains("pid") || !claim.contains("host") ||
      !claim.contains("started")) {
    return "another run";
  }
  return absl::StrCat("process ", claim["pid"].dump(), " on host ",
                      claim["host"].dump(), " since ", claim["started"].dump());
}

absl::Status WriteRunJson(const std::string& folder, const RunInfo& info) {
  const std::string run_json = folder + "/run.json";
  REPRISE_ASSIGN_OR_RETURN(const std::string claim, ReadWholeFile(run_json));
  Json json = Json::parse(claim, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) json = ClaimJson();
  json["run"] = info.run_id;
  json["experiment"] = info.experiment;
  json["version"] = info.version;
  json["commit"] = info.commit;
  json["build_flags"] = info.build_flags;
  json["communicator"] = info.communicator;
  json["world_size"] = info.world_size;
  json["hosts"] = info.hosts;
  json["devices"] = info.devices;
  json["threads"] = info.threads;
  json["cores"] = info.cores;
  json["bound"] = info.bound;
  json["core_quotas"] = info.core_quotas;
  json["openmp_wait"] = info.openmp_wait;
  json["seed"] = info.seed;
  json["data_source"] = info.data_source;
  json["generated_data"] = info.generated_data;
  json["data_digests"] = info.data_digests;
  json["model"] = info.model;
  json["memory_format"] = info.memory_format;
  json["memory_format_origin"] = info.memory_format_origin;
  json["parameters"] = info.parameters;
  Json& settings = json["settings"] = Json::object();
  for (const RunInfo::Setting& setting : info.settings) {
    Json value = Json::parse(setting.value_json, nullptr,
                             /*allow_exceptions=*/false);
    if (value.is_discarded()) {
      return absl::InternalError(absl::StrCat(
          "the value of ", setting.name, " is not JSON: ", setting.value_json));
    }
    settings[setting.name] = {{"value", std::move(value)},
                              {"origin", setting.origin}};
  }
  return ReplaceFile(run_json, {Dump(json)});
}

}  // namespace reprise
