#include "launch/run/parts/run_parts.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/tensor/torch_status.h"
#include "launch/data/dataset_loader.h"
#include "launch/process/threads/thread_count.h"
#include "launch/run/parts/agent_factories.h"
#include "launch/run/parts/rehearsal_setup.h"
#include "launch/run/parts/training_options.h"
#include "launch/run/ranks/rank_agreement.h"
#include "models/input_shape.h"
#include "models/model_table.h"

namespace reprise {
namespace {

DatasetRequest DatasetRequestOf(const ExperimentSpec& spec) {
  DatasetRequest request;
  request.name = spec.data.dataset;
  request.dataset_dir = spec.data.dataset_dir;
  request.seed = spec.training.seed;
  request.quick = spec.recipe.quick;
  request.as_upstream = spec.recipe.profile == Profile::kUpstream;
  return request;
}

absl::StatusOr<DatasetPair> LoadSameData(const ExperimentSpec& spec,
                                         int64_t threads,
                                         Communicator& communicator) {
  std::vector<std::string> warnings;
  absl::StatusOr<DatasetPair> data =
      LoadDataset(DatasetRequestOf(spec), static_cast<int>(threads), &warnings);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, data.status()));
  if (communicator.rank() == 0) {
    for (const std::string& warning : warnings) LogWarning(warning);
  }
  REPRISE_RETURN_IF_ERROR(AgreeOnData(communicator, *data));
  return data;
}

ScenarioOptions ScenarioOptionsOf(const ExperimentSpec& spec) {
  ScenarioOptions options = spec.tasks;
  options.seed = spec.training.seed;
  return options;
}

HardwareOptions HardwareOptionsOf(const ExperimentSpec& spec, int world_size) {
  HardwareOptions options;
  options.device = spec.device.device;
  options.bind = spec.ranks.bind;
  // Adasum combines in host memory, and what ranks call is compared there only.
  const bool uses_devices =
      !spec.reduction.check_collectives &&
      (!spec.reduction.use_adasum || SharesDeviceBuffer(spec, world_size));
  options.reduction =
      uses_devices ? spec.reduction.place : ReductionPlace::kHost;
  options.precision = spec.device.precision;
  options.memory_format = spec.device.memory_format;
  return options;
}

ModelChoice ModelChoiceOf(const ExperimentSpec& spec) {
  const ResnetSettings& resnet = spec.model.resnet;
  return {spec.model.name,
          {resnet.depth, resnet.width.value_or(0),
           resnet.variant == ResnetVariant::kUpstream}};
}

// Flags that cannot fit are refused before: this holds for what is on disk.
absl::Status CheckReads(const Model& model, const ModelChoice& choice,
                        const DatasetPair& data) {
  const RowFormat& format = data.train->format;
  const InputShape shape = {format.channels, format.height, format.width};
  if (model.input_shape() == shape) return absl::OkStatus();
  return UsageError(absl::StrCat(
      "--model=", choice.name, " reads ", TextOf(model.input_shape()),
      " samples, --dataset=", data.name, " has ", TextOf(shape)));
}

// Collective, for the error.
absl::StatusOr<std::unique_ptr<Model>> MakeInitialModel(
    const ExperimentSpec& spec, const RunParts& parts,
    Communicator& communicator) {
  ModelOptions options;
  options.num_classes = parts.data.train->num_classes;
  options.device = parts.hardware.device;
  options.compute_type = parts.hardware.precision.compute_type;
  options.memory_format = parts.hardware.memory_format;
  std::unique_ptr<Model> model;
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(
      communicator, CatchTorch("making the model", [&]() -> absl::Status {
        const ModelChoice choice = ModelChoiceOf(spec);
        REPRISE_ASSIGN_OR_RETURN(model, MakeModel(choice, options));
        REPRISE_RETURN_IF_ERROR(CheckReads(*model, choice, parts.data));
        model->parameters().Initialize(spec.training.seed);
        return absl::OkStatus();
      })));
  return model;
}

}  // namespace

absl::StatusOr<RunParts> MakeRunParts(const ExperimentSpec& spec,
                                      const RankCores& cores,
                                      Communicator& communicator,
                                      CollectiveObserver observer) {
  const int64_t threads =
      cores.bound ? cores.threads
                  : ThreadsOfRank(spec.ranks.threads, communicator.local_size(),
                                  communicator.local_cores());
  RunParts parts;
  REPRISE_ASSIGN_OR_RETURN(parts.data,
                           LoadSameData(spec, threads, communicator));
  absl::StatusOr<Scenario> scenario =
      MakeScenario(ScenarioOptionsOf(spec), parts.data);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, scenario.status()));
  parts.scenario = *std::move(scenario);
  REPRISE_ASSIGN_OR_RETURN(
      parts.hardware,
      ChooseHardware(HardwareOptionsOf(spec, communicator.world_size()),
                     NameOf(ModelChoiceOf(spec)), cores, threads, communicator,
                     std::move(observer)));
  REPRISE_ASSIGN_OR_RETURN(parts.model,
                           MakeInitialModel(spec, parts, communicator));
  parts.sizes = SizesOf(spec, communicator.rank(), communicator.world_size());
  parts.lr_scale = LearningRateScale(spec, communicator.world_size());
  REPRISE_ASSIGN_OR_RETURN(
      const BufferChannels channels,
      ChooseBufferChannels(
          spec, parts.hardware.device, communicator,
          parts.hardware.device_communicator.on_devices.get()));
  parts.agent = MakeAgent(
      {spec,
       parts.sizes,
       {parts.data.train->num_classes, parts.data.train->format.row_bytes()},
       channels});
  return parts;
}

}  // namespace reprise
