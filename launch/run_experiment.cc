#include "launch/run_experiment.h"

#include <ATen/Parallel.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "agents/base/base_agent.h"
#include "agents/er/er_agent.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/nil/nil_agent.h"
#include "agents/regime/regime.h"
#include "agents/tensor_rows.h"
#include "agents/training_loop.h"
#include "core/base/check.h"
#include "core/base/cores.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/log.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/buffer/device_rows.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/gradient_reducer.h"
#include "core/device/device.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/metrics_fanout.h"
#include "core/metrics/progress/progress_sink.h"
#include "core/metrics/results_folder.h"
#include "core/metrics/run_id/run_id.h"
#include "core/metrics/summary/summary_sink.h"
#include "core/metrics/upstream_json/upstream_json_sink.h"
#include "core/tensor/libtorch_processor.h"
#include "core/tensor/optimizer_step.h"
#include "core/tensor/torch_status.h"
#include "data/scenario/scenario.h"
#include "launch/gradient_communicator.h"
#include "launch/job_devices.h"
#include "launch/load_data.h"
#include "launch/mpirun/interrupt.h"
#include "launch/mpirun/rank_output.h"
#include "launch/mpirun/rank_process.h"
#include "launch/openmp_wait.h"
#include "launch/program_info.h"
#include "launch/rank_summary.h"
#include "launch/regime_literal.h"
#include "models/memory_format_table.h"
#include "models/model_table.h"
#include "models/model_weights.h"

namespace reprise {
namespace {

// Without it a learning rate times many ranks diverges (Goyal et al. 2017).
constexpr int64_t kWarmUpEpochs = 5;

// Lines that ranks must have in common, as "name = value".
absl::Status AgreeOnLines(Communicator& communicator,
                          const std::vector<std::string>& lines,
                          absl::string_view what) {
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> all,
      AllGatherStrings(communicator, absl::StrJoin(lines, "\n")));
  const std::vector<std::string> first = absl::StrSplit(all[0], '\n');
  for (size_t rank = 1; rank < all.size(); ++rank) {
    if (all[rank] == all[0]) continue;
    const std::vector<std::string> other = absl::StrSplit(all[rank], '\n');
    size_t i = 0;
    while (i < std::min(first.size(), other.size()) && first[i] == other[i]) {
      ++i;
    }
    return SharedByAllRanks(UsageError(absl::StrCat(
        "ranks 0 and ", rank, " differ in ", what, ": rank 0 has '",
        i < first.size() ? first[i] : "nothing more", "', rank ", rank,
        " has '", i < other.size() ? other[i] : "nothing more",
        "'; start all ranks with the same program, flags and files")));
  }
  return absl::OkStatus();
}

absl::Status AgreeOnConfiguration(const ExperimentSpec& spec,
                                  Communicator& communicator) {
  const absl::StatusOr<std::string> digest = ProgramDigest();
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, digest.status()));
  std::vector<std::string> lines = {absl::StrCat("program = ", *digest)};
  for (const ExperimentSpec::Setting& setting : spec.settings) {
    lines.push_back(absl::StrCat(setting.name, " = ", setting.value_json));
  }
  return AgreeOnLines(communicator, lines, "their configuration or build");
}

absl::StatusOr<DatasetPair> LoadSameData(const ExperimentSpec& spec,
                                         int64_t threads,
                                         Communicator& communicator) {
  std::vector<std::string> warnings;
  absl::StatusOr<DatasetPair> data =
      LoadData(spec, static_cast<int>(threads), &warnings);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, data.status()));
  if (communicator.rank() == 0) {
    for (const std::string& warning : warnings) LogWarning(warning);
  }
  std::vector<std::string> lines = {
      absl::StrCat("generated = ", data->generated)};
  for (const auto& [file, digest] : data->digests) {
    lines.push_back(absl::StrCat(file, " = ", digest));
  }
  REPRISE_RETURN_IF_ERROR(
      AgreeOnLines(communicator, lines, "their data files"));
  return data;
}

// At most `most` of the rows (0: all), as many of each class as that leaves.
void Thin(int64_t most, const Dataset& dataset, std::vector<int64_t>& rows) {
  const int64_t size = static_cast<int64_t>(rows.size());
  if (most == 0 || size <= most) return;
  std::stable_sort(rows.begin(), rows.end(), [&](int64_t a, int64_t b) {
    return dataset.labels[a] < dataset.labels[b];
  });
  for (int64_t i = 0; i < most; ++i) rows[i] = rows[i * size / most];
  rows.resize(most);
  std::sort(rows.begin(), rows.end());
}

absl::StatusOr<Scenario> MakeTasks(const ExperimentSpec& spec,
                                   const DatasetPair& data) {
  ScenarioOptions options;
  const TasksetsConfig& config = spec.tasksets;
  options.kind = config.scenario == "instance"
                     ? ScenarioOptions::Kind::kInstance
                     : ScenarioOptions::Kind::kClass;
  options.initial_increment = config.initial_increment;
  options.increment = config.increment;
  options.class_order = config.class_order;
  options.class_order_seed = config.class_order_seed;
  options.num_tasks = config.num_tasks;
  options.seed = spec.seed;
  options.concatenate_tasksets = config.concatenate_tasksets;
  REPRISE_RETURN_IF_ERROR(options.Validate());
  REPRISE_ASSIGN_OR_RETURN(Scenario scenario, MakeScenario(options, data));
  for (TaskSpec& task : scenario.tasks) {
    Thin(spec.max_train_samples_per_task, *data.train, task.train_indices);
    Thin(spec.max_test_samples_per_task, *data.test, task.test_indices);
  }
  return scenario;
}

// Sizes of a step on this rank and over all of them. Per-rank flags hold for
// every rank; global ones are split, the remainder to the low ranks.
struct StepSizes {
  int64_t global_batch = 0, global_representatives = 0, global_candidates = 0;
  int64_t batch = 0, representatives = 0, candidates = 0;
};

StepSizes SizesOf(const ExperimentSpec& spec, int rank, int world_size) {
  const AgentConfig& agent = spec.agent_config;
  StepSizes sizes;
  sizes.global_batch =
      spec.global_batch_size.value_or(spec.batch_size * world_size) *
      spec.batches_per_allreduce;
  sizes.global_representatives = spec.global_representatives.value_or(
      agent.num_samples.value_or(agent.num_candidates) * world_size);
  if (!spec.AppendsToBatches()) sizes.global_representatives = 0;
  sizes.global_candidates =
      spec.global_candidates.value_or(agent.num_candidates * world_size);
  sizes.batch = SliceSize(sizes.global_batch, rank, world_size);
  sizes.representatives =
      SliceSize(sizes.global_representatives, rank, world_size);
  sizes.candidates = SliceSize(sizes.global_candidates, rank, world_size);
  return sizes;
}

// What an agent's buffer communicates by: in host memory, and in that of the
// ranks' devices; the latter nullptr for one rank.
struct Ranks {
  Communicator* host = nullptr;
  Communicator* on_devices = nullptr;
  c10::Device device{c10::DeviceType::CPU};
};

std::unique_ptr<RehearsalBuffer> MakeBuffer(const ExperimentSpec& spec,
                                            const DatasetPair& data,
                                            const StepSizes& sizes,
                                            BufferPolicy policy,
                                            const Ranks& ranks) {
  Communicator& communicator = *ranks.host;
  const bool shared = spec.buffer == "distributed";
  const int world_size = communicator.world_size();
  RehearsalBufferOptions options;
  options.policy = policy;
  options.num_classes = data.train->num_classes;
  options.capacity_per_class = spec.agent_config.num_representatives *
                               (spec.capacity == "per-rank" ? world_size : 1);
  options.row_bytes = data.train->format.row_bytes();
  options.candidates = sizes.global_candidates;
  if (policy == BufferPolicy::kReservoir) options.candidates = std::nullopt;
  options.representatives = sizes.global_representatives;
  options.asynchronous = spec.rehearsal == "async";
  options.seed = spec.seed;
  std::unique_ptr<DeviceRows> device_rows;
  if (spec.buffer_memory == "device") {
    device_rows = MakeTensorRows(ranks.device, options.row_bytes,
                                 shared ? ranks.on_devices : nullptr);
  }
  return std::make_unique<RehearsalBuffer>(
      shared ? options : options.OfRank(communicator.rank(), world_size),
      shared ? &communicator : nullptr, std::move(device_rows));
}

std::unique_ptr<Agent> MakeAgent(const ExperimentSpec& spec,
                                 const DatasetPair& data,
                                 const StepSizes& sizes, const Ranks& ranks) {
  const Communicator& communicator = *ranks.host;
  // The baseline is the same for every agent.
  if (!spec.Rehearses()) return MakeBaseAgent();
  const int64_t num_classes = data.train->num_classes;
  const int64_t per_class = spec.agent_config.num_representatives;
  if (spec.agent == "icarl") {
    if (spec.agent_config.implementation == "upstream") {
      return MakeUpstreamIcarlAgent(
          {num_classes, per_class, sizes.representatives, spec.seed,
           communicator.rank(), communicator.world_size()});
    }
    return MakeIcarlAgent({num_classes, per_class});
  }
  if (spec.agent == "er") {
    return MakeErAgent(
        MakeBuffer(spec, data, sizes, BufferPolicy::kReservoir, ranks));
  }
  REPRISE_CHECK(spec.agent == "nil") << spec.agent;
  const bool shared = spec.buffer == "distributed";
  return MakeNilAgent(
      {shared ? sizes.global_batch : sizes.batch,
       shared ? sizes.global_candidates : sizes.candidates},
      MakeBuffer(spec, data, sizes, BufferPolicy::kClassBalanced, ranks));
}

class Run {
 public:
  Run(const ExperimentSpec& spec, const RankCores& cores,
      Communicator& communicator, TimelineFile* timeline)
      : spec_(spec),
        cores_(cores),
        communicator_(communicator),
        timeline_(timeline),
        rank_(communicator.rank()),
        world_size_(communicator.world_size()) {}

  absl::Status Execute() {
    REPRISE_RETURN_IF_ERROR(AgreeOnConfiguration(spec_, communicator_));
    REPRISE_RETURN_IF_ERROR(Prepare());
    REPRISE_RETURN_IF_ERROR(MakeRegime().Validate());
    absl::Status opened;
    if (rank_ == 0) opened = OpenResults();
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, opened));
    if (spec_.output == "files") {
      REPRISE_ASSIGN_OR_RETURN(const std::vector<std::string> folders,
                               AllGatherStrings(communicator_, folder_));
      SendOutputTo(folders[0]);
    }
    Announce();
    REPRISE_RETURN_IF_ERROR(
        AgreeOnStatus(communicator_, sink_.OnRunStart(Start())));
    absl::Status trained = Train(Options(), data_, scenario_.tasks, *model_,
                                 *agent_, communicator_, sink_);
    if (trained.ok() && gradients_.on_devices != nullptr) {
      trained = gradients_.on_devices->Finalize();
    }
    if (timeline_ == nullptr) return trained;
    // Of another failure the other ranks may not know: they are not asked. Rank
    // 0 writes what it has before it tells them (main.cc).
    if (!trained.ok() && !IsSharedByAllRanks(trained)) return trained;
    const absl::Status gathered =
        timeline_->Write(communicator_, !trained.ok());
    return trained.ok() ? gathered : trained;
  }

 private:
  absl::Status Prepare() {
    threads_ = cores_.bound
                   ? cores_.threads
                   : ThreadsOfRank(spec_.threads, communicator_.local_size(),
                                   communicator_.local_cores());
    REPRISE_ASSIGN_OR_RETURN(data_,
                             LoadSameData(spec_, threads_, communicator_));
    absl::StatusOr<Scenario> scenario = MakeTasks(spec_, data_);
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, scenario.status()));
    scenario_ = *std::move(scenario);

    REPRISE_ASSIGN_OR_RETURN(const JobDevices devices,
                             ChooseJobDevices(spec_.device, communicator_));
    if (rank_ == 0) {
      for (const std::string& warning : devices.warnings) LogWarning(warning);
    }
    absl::StatusOr<RankCores> cores = BindByGpu(devices.gpus_of_host);
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, cores.status()));
    cores_ = *std::move(cores);
    REPRISE_ASSIGN_OR_RETURN(
        gradients_,
        MakeGradientCommunicator(
            UsesDeviceCommunicator() ? spec_.reduction : "host", devices.own,
            communicator_,
            timeline_ == nullptr ? nullptr
                                 : timeline_->NoteCollectives("rehearsal")));
    if (rank_ == 0 && !gradients_.warning.empty()) {
      LogWarning(gradients_.warning);
    }
    const absl::StatusOr<Precision> precision =
        ChoosePrecision(spec_.precision, devices.own);
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, precision.status()));
    precision_ = precision->name;
    REPRISE_RETURN_IF_ERROR(AgreeOnLines(
        communicator_, {absl::StrCat("precision = ", precision_)},
        "what --precision=auto means on their devices (choose one)"));
    UsePrecision(*precision);
    const ModelConfig& config = spec_.model_config;
    const ModelChoice network = {spec_.model, config.depth,
                                 config.width.value_or(0), config.variant};
    ChooseMemoryFormat(NameOf(network), devices.own, precision->compute_type);
    REPRISE_RETURN_IF_ERROR(AgreeOnLines(
        communicator_,
        {absl::StrCat("memory format = ", NameOf(memory_format_))},
        "what --memory-format=auto means on their processors (choose one)"));
    REPRISE_ASSIGN_OR_RETURN(
        const std::vector<std::string> packed,
        AllGatherStrings(communicator_,
                         PackRank({HostName(), DescribeDevice(devices.own),
                                   threads_, RangesOf(cores_.cores),
                                   cores_.bound, CoreQuota().value_or(0)})));
    for (const std::string& rank : packed) {
      REPRISE_ASSIGN_OR_RETURN(RankSummary summary, UnpackRank(rank));
      ranks_.push_back(std::move(summary));
    }

    at::set_num_threads(static_cast<int>(threads_));

    ModelOptions model;
    model.num_classes = data_.train->num_classes;
    model.device = devices.own;
    model.compute_type = precision->compute_type;
    model.memory_format = memory_format_;
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(
        communicator_, CatchTorch("making the model", [&]() -> absl::Status {
          REPRISE_ASSIGN_OR_RETURN(model_, MakeModel(network, model));
          model_->parameters().Initialize(spec_.seed);
          return absl::OkStatus();
        })));
    sizes_ = SizesOf(spec_, rank_, world_size_);
    Ranks ranks;
    ranks.host = &communicator_;
    ranks.device = devices.own;
    // Host memory is the CPU's memory.
    ranks.on_devices =
        devices.own.is_cpu() ? &communicator_ : gradients_.on_devices.get();
    if (world_size_ == 1) ranks.on_devices = nullptr;
    if (SharesDeviceBuffer()) {
      REPRISE_RETURN_IF_ERROR(AgreeOnStatus(
          communicator_,
          ranks.on_devices != nullptr
              ? absl::OkStatus()
              : UsageError(
                    "--buffer-memory=device: a buffer that ranks share goes "
                    "from GPU to GPU by NCCL, which this run does not use (see "
                    "--reduction); take --buffer-memory=host or "
                    "--buffer=local")));
    }
    agent_ = MakeAgent(spec_, data_, sizes_, ranks);
    lr_scale_ = spec_.lr_scaling == "linear"
                    ? world_size_ * spec_.batches_per_allreduce
                    : 1;
    return absl::OkStatus();
  }

  absl::StatusOr<RankCores> BindByGpu(const std::vector<std::string>& gpus) {
    // Ranks that have one name for several hosts do not share cores.
    if (static_cast<int>(gpus.size()) != communicator_.local_size()) {
      return cores_;
    }
    return BindRankByGpu(spec_.bind, cores_, communicator_.local_rank(), gpus);
  }

  void ChooseMemoryFormat(absl::string_view network, c10::Device device,
                          at::ScalarType compute_type) {
    memory_format_origin_ = "flag";
    if (spec_.memory_format == "channels_last") {
      memory_format_ = at::MemoryFormat::ChannelsLast;
      return;
    }
    if (spec_.memory_format == "contiguous") {
      memory_format_ = at::MemoryFormat::Contiguous;
      return;
    }
    const MemoryFormatChoice choice = FastestMemoryFormat(
        network, device, LibTorchProcessor(), compute_type, LibTorchVersion());
    memory_format_ = choice.format;
    memory_format_origin_ = choice.measured ? "measured" : "rule";
  }

  absl::Status OpenResults() {
    REPRISE_ASSIGN_OR_RETURN(
        folder_, CreateResultsFolder(spec_.results_dir, spec_.save_dir));
    run_id_ = MakeRunId();
    if (timeline_ != nullptr) REPRISE_RETURN_IF_ERROR(timeline_->Open());
    SetInterruptFolder(folder_);
    ReportResults(RankPlace{rank_, world_size_}, folder_);
    LogOptions log;
    log.rank = rank_;
    log.world_size = world_size_;
    log.file = folder_ + "/log.txt";
    REPRISE_RETURN_IF_ERROR(ConfigureLog(log));
    REPRISE_RETURN_IF_ERROR(WriteRunJson(folder_, Info()));
    std::vector<UpstreamArgument> arguments;
    for (const ExperimentSpec::Setting& setting : spec_.settings) {
      // Keys of dicts go in as upstream has them, as one literal.
      if (absl::StrContains(setting.name, '.')) continue;
      arguments.push_back({setting.name, setting.value_json});
    }
    for (const auto& [name, literal] : spec_.dict_literals_json) {
      arguments.push_back({name, literal});
    }
    const bool cuda = model_->parameters().device().is_cuda();
    REPRISE_RETURN_IF_ERROR(WriteUpstreamArgs(
        folder_, arguments, {cuda, data_.generated, world_size_}));
    REPRISE_ASSIGN_OR_RETURN(auto jsonl,
                             JsonlSink::Open(folder_ + "/metrics.jsonl"));
    using OnFailure = MetricsFanout::OnFailure;
    sink_.Add("metrics.jsonl", OnFailure::kStopRun, std::move(jsonl));
    sink_.Add("upstream's files", OnFailure::kWarnOnce,
              MakeUpstreamJsonSink(folder_));
    sink_.Add("weights.safetensors", OnFailure::kStopRun, MakeWeightsSink());
    sink_.Add("summary.json", OnFailure::kWarnOnce, MakeSummarySink(folder_));
    ProgressOptions progress = DetectTerminal(STDOUT_FILENO);
    progress.live = progress.live && MayUseTerminal();
    progress.color = progress.color && progress.live;
    sink_.Add("progress", OnFailure::kWarnOnce, MakeProgressSink(progress));
    // The same in plain lines, among those of the log.
    log_ = FileDescriptor(
        open(log.file.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
    if (log_.get() < 0) return ErrnoToStorageError("open", log.file);
    ProgressOptions lines;
    lines.fd = log_.get();
    sink_.Add("log.txt", OnFailure::kWarnOnce, MakeProgressSink(lines));
    return absl::OkStatus();
  }

  // Writes the weights when the run ends, before the terminal says where the
  // results are.
  std::unique_ptr<MetricSink> MakeWeightsSink() {
    class WeightsSink final : public MetricSink {
     public:
      explicit WeightsSink(Run& run) : run_(run) {}
      absl::Status OnRunEnd(const RunEnd&) override {
        return SaveWeights(
            *run_.model_, run_.folder_ + "/weights.safetensors",
            {{"experiment", run_.spec_.experiment},
             {"data", run_.data_.generated ? "generated" : "real"},
             {"version", kVersion}});
      }

     private:
      Run& run_;
    };
    return std::make_unique<WeightsSink>(*this);
  }

  RunInfo Info() const {
    RunInfo info;
    info.run_id = run_id_;
    info.experiment = spec_.experiment;
    info.version = kVersion;
    info.commit = CheckedOutCommit();
    info.build_flags = BuildFlags();
    info.communicator = communicator_.Describe();
    if (gradients_.on_devices != nullptr) {
      absl::StrAppend(&info.communicator, "; on GPUs ",
                      gradients_.on_devices->Describe());
    }
    for (const RankSummary& rank : ranks_) {
      info.hosts.push_back(rank.host);
      info.devices.push_back(rank.device);
      info.threads.push_back(rank.threads);
      info.cores.push_back(rank.cores);
      info.bound.push_back(rank.bound);
      info.core_quotas.push_back(rank.quota);
    }
    info.openmp_wait = OpenMpWait();
    info.world_size = world_size_;
    info.seed = spec_.seed;
    info.data_source = data_.source;
    info.generated_data = data_.generated;
    info.data_digests = data_.digests;
    info.model = absl::StrCat(model_->name(), ", ", precision_);
    info.memory_format = std::string(NameOf(memory_format_));
    info.memory_format_origin = memory_format_origin_;
    info.parameters = model_->parameters().layout().num_values();
    for (const ExperimentSpec::Setting& setting : spec_.settings) {
      info.settings.push_back(
          {setting.name, setting.value_json, setting.origin});
    }
    return info;
  }

  RunStart Start() const {
    RunStart start;
    start.run_id = run_id_;
    start.experiment = spec_.experiment;
    start.agent = spec_.agent;
    if (spec_.scratch) {
      start.agent += " --scratch";
    } else if (!spec_.agent_config.implementation.empty()) {
      start.agent += "-" + spec_.agent_config.implementation;
    }
    start.model = model_->name();
    start.dataset = data_.name;
    start.results_folder = folder_;
    start.generated_data = data_.generated;
    start.world_size = world_size_;
    start.num_tasks = static_cast<int64_t>(scenario_.tasks.size());
    start.epochs_per_task = spec_.epochs;
    start.seed = spec_.seed;
    return start;
  }

  // What the user should know before the first number appears.
  void Announce() const {
    if (rank_ != 0) return;
    if (!scenario_.warning.empty()) LogWarning(scenario_.warning);
    if (Options().select_on_test_loss) {
      LogWarning(
          "--profile=upstream: each task begins with the network that had the "
          "lowest loss on the test sets, as the research code did; accuracies "
          "are not independent of the test data");
    }
    std::vector<std::string> tasks;
    for (const TaskSpec& task : scenario_.tasks) {
      tasks.push_back(absl::StrCat("{", absl::StrJoin(task.classes, " "), "}"));
    }
    LogInfo(absl::StrCat("data: ", data_.name, " from ", data_.source, ", ",
                         data_.train->size(), " training and ",
                         data_.test->size(), " test samples, tasks ",
                         absl::StrJoin(tasks, " ")));
    std::set<std::string> hosts, devices;
    for (const RankSummary& rank : ranks_) {
      hosts.insert(rank.host);
      devices.insert(rank.device);
    }
    LogInfo(absl::StrCat(
        "model: ", model_->name(), ", ",
        model_->parameters().layout().num_values(), " parameters, ", precision_,
        " ", absl::StrReplaceAll(NameOf(memory_format_), {{"_", " "}}), " on ",
        absl::StrJoin(devices, ", "), "; ", world_size_,
        world_size_ == 1 ? " rank of " : " ranks of ", threads_,
        threads_ == 1 ? " thread" : " threads",
        std::all_of(ranks_.begin(), ranks_.end(),
                    [](const RankSummary& rank) { return rank.bound; })
            ? ", each on cores of its own"
            : "",
        hosts.size() > 1 ? absl::StrCat(" on ", hosts.size(), " hosts") : ""));
    if (memory_format_origin_ == "rule" &&
        model_->parameters().device().is_cpu() &&
        LibTorchVersion() != LibTorchOfMemoryFormats()) {
      LogInfo(absl::StrCat("memory format: by the rule, for this is LibTorch ",
                           LibTorchVersion(),
                           " and the table of the fastest was measured with ",
                           LibTorchOfMemoryFormats()));
    }
    if (hosts.size() == 1) {
      const std::string quota = DescribeQuota(ranks_);
      if (!quota.empty()) LogInfo(quota);
    }
    if (hosts.size() > 1) {
      for (const std::string& host : DescribeHosts(ranks_)) LogInfo(host);
    }
    LogInfo(absl::StrCat(
        "step: ", sizes_.global_batch, " incoming samples",
        sizes_.global_representatives > 0
            ? absl::StrCat(" and ", sizes_.global_representatives,
                           " representatives", DescribeBuffer())
            : "",
        spec_.batches_per_allreduce > 1
            ? absl::StrCat(" in ", spec_.batches_per_allreduce,
                           " parts of a rank")
            : "",
        ", ", spec_.optimizer, ", learning rate ", spec_.lr * lr_scale_,
        lr_scale_ > 1
            ? absl::StrCat(
                  " (", spec_.lr, " x ", world_size_, " ranks",
                  spec_.batches_per_allreduce > 1
                      ? absl::StrCat(" x ", spec_.batches_per_allreduce,
                                     " batches")
                      : "",
                  ", --lr-scaling=linear), approached over ", WarmUpEpochs(),
                  " warm-up epochs of each task")
            : "",
        spec_.regime_phases.empty() ? ""
                                    : absl::StrCat(", regime ", spec_.regime),
        spec_.augment == "none"
            ? ""
            : absl::StrCat(", augmentation ", spec_.augment),
        ", seed ", spec_.seed));
    AnnounceReduction();
    if (spec_.sync_batchnorm && world_size_ > 1 &&
        !model_->running_statistics().empty()) {
      LogInfo(
          "batch normalisation: statistics of all ranks' samples; gradients "
          "are reduced after backward");
    }
  }

  // Where the gradients are not those of the exact mean.
  void AnnounceReduction() const {
    const bool divides = spec_.gradient_predivide_factor != 1;
    if (spec_.compression == "none" && !divides && !spec_.use_adasum) return;
    if (world_size_ == 1) {
      LogInfo(
          "reduction: none, with one rank --compression, --use-adasum and "
          "--gradient-predivide-factor have no effect");
    } else if (spec_.use_adasum) {
      LogInfo(
          "reduction: Adasum of the ranks' gradients, which is not their exact "
          "mean; after backward, not during it");
    } else {
      LogInfo(absl::StrCat(
          "reduction: gradients as ",
          spec_.compression == "none" ? "fp32" : spec_.compression,
          spec_.compression == "none"
              ? ""
              : ", rounded on each rank and at each addition",
          divides
              ? absl::StrCat(", divided by ", spec_.gradient_predivide_factor,
                             " before the sum and multiplied after")
              : ""));
    }
  }

  bool SharesDeviceBuffer() const {
    return spec_.HasBuffer() && spec_.buffer_memory == "device" &&
           spec_.buffer == "distributed" && world_size_ > 1;
  }
  // Adasum combines in host memory; what ranks call is compared there only.
  bool UsesDeviceCommunicator() const {
    return !spec_.check_collectives &&
           (!spec_.use_adasum || SharesDeviceBuffer());
  }

  std::string DescribeBuffer() const {
    if (!spec_.HasBuffer()) return "";
    return absl::StrCat(
        " of ",
        spec_.buffer == "distributed" ? "one buffer over all ranks"
                                      : "a buffer of each rank",
        spec_.rehearsal == "async" ? ", drawn behind the step before"
                                   : ", drawn at its start",
        spec_.buffer_memory == "device" ? ", in device memory" : "");
  }

  // Before the rate first changes by the regime, unless the user says so.
  int64_t WarmUpEpochs() const {
    int64_t epochs = lr_scale_ > 1 ? kWarmUpEpochs : 0;
    if (!spec_.regime_phases.empty() &&
        spec_.regime_phases[0].from_epoch.value_or(0) > 0) {
      epochs = std::min(epochs, *spec_.regime_phases[0].from_epoch);
    }
    return std::min(spec_.warmup_epochs.value_or(epochs), spec_.epochs);
  }

  Regime MakeRegime() const {
    OptimizerOptions base = OptimizerOf(spec_);
    base.lr *= lr_scale_;
    std::vector<RegimePhase> phases = spec_.regime_phases;
    for (RegimePhase& phase : phases) {
      if (phase.lr.has_value()) *phase.lr *= lr_scale_;
    }
    return Regime(base, std::move(phases), {WarmUpEpochs(), spec_.lr});
  }

  TrainingOptions Options() const {
    TrainingOptions options;
    options.epochs = spec_.epochs;
    options.global_batch_size = sizes_.global_batch;
    options.global_representatives = sizes_.global_representatives;
    options.parts_per_step = spec_.batches_per_allreduce;
    options.max_steps_per_epoch = spec_.max_steps_per_epoch;
    options.eval_batch_size =
        spec_.eval_batch_size > 0 ? spec_.eval_batch_size : spec_.batch_size;
    options.evaluate = spec_.evaluate;
    options.reset_at_each_task = spec_.agent_config.reset_state_dict;
    options.select_on_test_loss = spec_.profile == "upstream" &&
                                  spec_.agent == "nil" && !spec_.scratch &&
                                  spec_.evaluate;
    options.shard = spec_.shard;
    options.regime = MakeRegime();
    options.augment = spec_.augment == "standard";
    options.seed = spec_.seed;
    options.log_interval = spec_.log_interval;
    options.bucket_bytes = spec_.bucket_bytes;
    options.first_bucket_bytes =
        std::min(options.first_bucket_bytes, spec_.bucket_bytes);
    if (timeline_ != nullptr) {
      options.on_phase = [this](Phase phase, absl::Time begin, absl::Time end) {
        timeline_->events().Add("compute", PhaseName(phase), begin, end);
      };
    }
    using Compression = GradientReducer::Compression;
    options.compression = spec_.compression == "fp16"   ? Compression::kFloat16
                          : spec_.compression == "bf16" ? Compression::kBFloat16
                                                        : Compression::kNone;
    options.gradient_predivide_factor = spec_.gradient_predivide_factor;
    options.device_communicator = gradients_.on_devices.get();
    options.use_adasum = spec_.use_adasum;
    options.sync_batch_norm = spec_.sync_batchnorm;
    return options;
  }

  const ExperimentSpec& spec_;
  RankCores cores_;
  Communicator& communicator_;
  TimelineFile* const timeline_;  // nullptr: none
  const int rank_, world_size_;

  DatasetPair data_;
  Scenario scenario_;
  std::string precision_;
  at::MemoryFormat memory_format_ = at::MemoryFormat::Contiguous;
  std::string memory_format_origin_;
  std::vector<RankSummary> ranks_;
  int64_t threads_ = 1;
  StepSizes sizes_;
  int64_t lr_scale_ = 1;
  GradientCommunicator gradients_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Agent> agent_;
  std::string folder_, run_id_;  // rank 0
  FileDescriptor log_;  // rank 0
  MetricsFanout sink_;
};

}  // namespace

absl::Status RunExperiment(const ExperimentSpec& spec, const RankCores& cores,
                           Communicator& communicator, TimelineFile* timeline) {
  return Run(spec, cores, communicator, timeline).Execute();
}

}  // namespace reprise
