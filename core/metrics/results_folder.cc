#include "core/metrics/results_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
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

// "process 17 on host a since ...", or less where run.json does not say.
std::string OwnerOf(const std::string& run_json) {
  const auto content = ReadWholeFile(run_json);
  const Json claim = Json::parse(content.ok() ? *content : "", nullptr, false);
  if (!claim.is_object() || !claim.contains("pid") || !claim.contains("host") ||
      !claim.contains("started")) {
    return "another run";
  }
  return absl::StrCat("process ", claim["pid"].dump(), " on host ",
                      claim["host"].dump(), " since ", claim["started"].dump());
}

absl::Status FolderTaken(const std::string& folder, const std::string& why) {
  return UsageError(
      absl::StrCat("the results folder ", folder, " already holds a run (", why,
                   "); choose another --save-dir or move that folder away"));
}

absl::StatusOr<std::string> CreateNamedFolder(const std::string& results_dir,
                                              const std::string& name) {
  const std::string folder =
      (std::filesystem::path(results_dir) / name).lexically_normal().string();
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return StorageError(absl::StrCat("cannot create the results folder ",
                                     folder, ": ", error.message(),
                                     "; choose another --results-dir"));
  }
  const std::string run_json = folder + "/run.json";
  if (std::filesystem::exists(run_json, error)) {
    return FolderTaken(folder, absl::StrCat("of ", OwnerOf(run_json)));
  }
  // Files of a program that writes no run.json: upstream's.
  for (const char* file : {"metrics.jsonl", "dl_metrics.json", "args.json"}) {
    if (std::filesystem::exists(folder + "/" + file, error)) {
      return FolderTaken(folder, absl::StrCat("it has a ", file));
    }
  }
  const FileDescriptor fd(
      open(run_json.c_str(),
           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (fd.get() < 0) {
    if (errno == EEXIST) {
      return FolderTaken(folder, absl::StrCat("of ", OwnerOf(run_json)));
    }
    return ErrnoToStorageError("create", run_json);
  }
  REPRISE_RETURN_IF_ERROR(WriteFully(fd.get(), Dump(ClaimJson()), run_json));
  return folder;
}

}  // namespace

absl::StatusOr<std::string> CreateResultsFolder(const std::string& results_dir,
                                                const std::string& save_dir) {
  if (!save_dir.empty()) return CreateNamedFolder(results_dir, save_dir);
  const std::string time =
      absl::FormatTime("%Y%m%d-%H%M%S", absl::Now(), absl::LocalTimeZone());
  // Of runs that start in the same second each gets a folder.
  absl::StatusOr<std::string> folder = CreateNamedFolder(results_dir, time);
  for (int i = 2; ExitCodeOf(folder.status()) == ExitCode::kUsage && i < 1000;
       ++i) {
    folder = CreateNamedFolder(results_dir, absl::StrCat(time, "-", i));
  }
  return folder;
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
