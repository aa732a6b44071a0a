#include "launch/run/results/run_info.h"

#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/program_info.h"
#include "core/metrics/upstream_json/upstream_json_sink.h"
#include "launch/cli/enum_names.h"
#include "launch/process/threads/openmp_wait.h"
#include "launch/run/devices/rank_hardware.h"
#include "launch/run/ranks/rank_summary.h"
#include "models/memory_format_table.h"
#include "models/model.h"

namespace reprise {

RunInfo RunInfoOf(const ExperimentSpec& spec, const RunParts& parts,
                  const Communicator& communicator, const std::string& run_id) {
  const RankHardware& hardware = parts.hardware;
  RunInfo info;
  info.run_id = run_id;
  info.experiment = spec.experiment;
  info.version = kVersion;
  info.commit = CheckedOutCommit();
  info.build_flags = BuildFlags();
  info.communicator = communicator.Describe();
  if (hardware.device_communicator.on_devices != nullptr) {
    absl::StrAppend(&info.communicator, "; on GPUs ",
                    hardware.device_communicator.on_devices->Describe());
  }
  for (const RankSummary& rank : hardware.ranks) {
    info.hosts.push_back(rank.host);
    info.devices.push_back(rank.device);
    info.threads.push_back(rank.threads);
    info.cores.push_back(rank.cores);
    info.bound.push_back(rank.bound);
    info.core_quotas.push_back(rank.quota);
  }
  info.openmp_wait = OpenMpWait();
  info.world_size = communicator.world_size();
  info.seed = spec.training.seed;
  info.data_source = parts.data.source;
  info.generated_data = parts.data.generated;
  info.data_digests = parts.data.digests;
  info.model =
      absl::StrCat(parts.model->name(), ", ", NameOf(hardware.precision.kind));
  info.memory_format = std::string(NameOf(hardware.memory_format));
  info.memory_format_origin = NameOf(hardware.memory_format_origin);
  info.parameters = parts.model->parameters().layout().num_values();
  for (const RecordedSetting& setting : spec.settings) {
    info.settings.push_back({setting.name, setting.value_json, setting.origin});
  }
  return info;
}

RunStart RunStartOf(const ExperimentSpec& spec, const RunParts& parts,
                    int world_size, const std::string& folder,
                    const std::string& run_id) {
  RunStart start;
  start.run_id = run_id;
  start.experiment = spec.experiment;
  start.agent = spec.agent.name;
  if (spec.recipe.scratch) {
    start.agent += " --scratch";
  } else if (spec.agent.icarl.implementation != IcarlImplementation::kPaper) {
    absl::StrAppend(&start.agent, "-", NameOf(spec.agent.icarl.implementation));
  }
  start.model = parts.model->name();
  start.dataset = parts.data.name;
  start.results_folder = folder;
  start.generated_data = parts.data.generated;
  start.world_size = world_size;
  start.num_tasks = static_cast<int64_t>(parts.scenario.tasks.size());
  start.epochs_per_task = spec.training.epochs;
  start.seed = spec.training.seed;
  return start;
}

absl::Status WriteArguments(const ExperimentSpec& spec, const RunParts& parts,
                            int world_size, const std::string& folder) {
  std::vector<UpstreamArgument> arguments;
  for (const RecordedSetting& setting : spec.settings) {
    // A key of a dict, which goes in as a whole.
    if (absl::StrContains(setting.name, '.')) continue;
    arguments.push_back({setting.name, setting.value_json});
  }
  for (const auto& [name, literal] : spec.dict_literals_json) {
    arguments.push_back({name, literal});
  }
  return WriteUpstreamArgs(folder, arguments,
                           {parts.model->parameters().device().is_cuda(),
                            parts.data.generated, world_size});
}

}  // namespace reprise
