#include "core/metrics/run_json.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;

std::string Dump(const Json& json) {
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Json ClaimJson() {
  return {{"schema", kSchema},
          {"host", HostName()},
          {"pid", getpid()},
          {"started", absl::FormatTime(absl::RFC3339_sec, absl::Now(),
                                       absl::LocalTimeZone())}};
}

// Digests and settings: kilobytes. A bound, for what is there instead.
constexpr int64_t kMostBytes = 64 << 20;

// Takes values out of a JSON object by name. What is not there stays as it was;
// the first value of another type is the fault.
class Taker {
 public:
  explicit Taker(const Json& json) : json_(json) {}

  template <typename Value>
  bool Take(const char* name, Value* value) {
    const auto found = json_.find(name);
    if (found == json_.end()) return false;
    if (!Read(*found, value) && fault_.empty()) fault_ = name;
    return true;
  }
  const std::string& fault() const { return fault_; }

 private:
  static bool Read(const Json& json, std::string* value) {
    if (json.is_string()) *value = json.get<std::string>();
    return json.is_string();
  }
  static bool Read(const Json& json, bool* value) {
    if (json.is_boolean()) *value = json.get<bool>();
    return json.is_boolean();
  }
  static bool Read(const Json& json, double* value) {
    if (json.is_number()) *value = json.get<double>();
    return json.is_number();
  }
  static bool Read(const Json& json, uint64_t* value) {
    if (json.is_number_unsigned()) *value = json.get<uint64_t>();
    return json.is_number_unsigned();
  }
  static bool Read(const Json& json, int64_t* value) {
    uint64_t unsigned_value = 0;
    if (!Read(json, &unsigned_value)) return false;
    *value = static_cast<int64_t>(unsigned_value);
    return *value >= 0;
  }
  static bool Read(const Json& json, int* value) {
    int64_t wide = 0;
    if (!Read(json, &wide)) return false;
    *value = static_cast<int>(wide);
    return *value == wide;
  }
  template <typename Value>
  static bool Read(const Json& json, std::vector<Value>* values) {
    if (!json.is_array()) return false;
    for (const Json& element : json) {
      Value value{};
      if (!Read(element, &value)) return false;
      values->push_back(value);
    }
    return true;
  }
  template <typename Value>
  static bool Read(const Json& json, std::map<std::string, Value>* values) {
    if (!json.is_object()) return false;
    for (const auto& [name, element] : json.items()) {
      if (!Read(element, &(*values)[name])) return false;
    }
    return true;
  }
  static bool Read(const Json& json, std::vector<RunInfo::Setting>* settings) {
    if (!json.is_object()) return false;
    for (const auto& [name, element] : json.items()) {
      if (!element.is_object() || !element.contains("value")) return false;
      const auto origin = element.find("origin");
      if (origin == element.end() || !origin->is_string()) return false;
      settings->push_back({name,
                           element["value"].dump(
                               -1, ' ', false, Json::error_handler_t::replace),
                           *origin});
    }
    return true;
  }

  const Json& json_;
  std::string fault_;
};

void TakeInfo(Taker& taker, RunInfo* info) {
  taker.Take("run", &info->run_id);
  taker.Take("experiment", &info->experiment);
  taker.Take("version", &info->version);
  taker.Take("commit", &info->commit);
  taker.Take("build_flags", &info->build_flags);
  taker.Take("communicator", &info->communicator);
  taker.Take("world_size", &info->world_size);
  taker.Take("hosts", &info->hosts);
  taker.Take("devices", &info->devices);
  taker.Take("threads", &info->threads);
  taker.Take("cores", &info->cores);
  taker.Take("bound", &info->bound);
  taker.Take("core_quotas", &info->core_quotas);
  taker.Take("openmp_wait", &info->openmp_wait);
  taker.Take("seed", &info->seed);
  taker.Take("data_source", &info->data_source);
  taker.Take("generated_data", &info->generated_data);
  taker.Take("data_digests", &info->data_digests);
  taker.Take("model", &info->model);
  taker.Take("memory_format", &info->memory_format);
  taker.Take("memory_format_origin", &info->memory_format_origin);
  taker.Take("parameters", &info->parameters);
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

absl::StatusOr<RunJson> ReadRunJson(const std::string& folder) {
  const std::string file = folder + "/run.json";
  REPRISE_ASSIGN_OR_RETURN(const InputFile input, InputFile::Open(file));
  std::string text(std::min(input.size(), kMostBytes), ' ');
  REPRISE_RETURN_IF_ERROR(
      input.ReadAt(0, static_cast<int64_t>(text.size()), &text[0]));
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return DataError(absl::StrCat(file, ": expected one JSON object, found ",
                                  input.size(), " bytes that are none"));
  }
  const auto schema = json.find("schema");
  if (schema == json.end() || !schema->is_number_integer() || *schema < 1 ||
      *schema > kSchema) {
    return DataError(absl::StrCat(
        file, ": expected \"schema\" up to ", kSchema, ", found ",
        schema == json.end() ? "none" : Printable(schema->dump(-1, ' ', true)),
        "; read it with the version that wrote it"));
  }
  RunJson run;
  Taker taker(json);
  std::string started;
  taker.Take("host", &run.host);
  taker.Take("pid", &run.pid);
  std::string why = "not a time";
  if (taker.Take("started", &started) &&
      !absl::ParseTime(absl::RFC3339_full, started, &run.started, &why)) {
    return DataError(absl::StrCat(file, ": \"started\": ", why, ", found '",
                                  Printable(started), "'"));
  }
  TakeInfo(taker, &run.info);
  run.is_complete = taker.Take("settings", &run.info.settings);
  if (!taker.fault().empty()) {
    return DataError(absl::StrCat(file, ": \"", taker.fault(),
                                  "\": a value of another type"));
  }
  return run;
}

}  // namespace reprise
