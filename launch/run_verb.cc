#include "launch/run_verb.h"

#include <signal.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/freed_memory.h"
#include "core/base/log.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/checking_transport.h"
#include "core/comm/decorators/observing_transport.h"
#include "core/comm/in_process/in_process_transport.h"
#include "core/comm/mpi/mpi_transport.h"
#include "core/comm/nccl/nccl_transport.h"
#include "core/comm/transport.h"
#include "core/tensor/libtorch_processor.h"
#include "launch/mpirun/mpirun_launcher.h"
#include "launch/process/interrupt.h"
#include "launch/process/rank_output.h"
#include "launch/process/rank_process.h"
#include "launch/process/threads/core_binding.h"
#include "launch/process/threads/openmp_wait.h"
#include "launch/run/results/timeline_file.h"
#include "launch/run/run_experiment.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/experiments.h"
#include "launch/settings/resolve/command_line.h"

namespace reprise {
namespace {

int Fail(const absl::Status& status) {
  // The others have been told (RunHere).
  if (!IsAgreed(status)) LogError(status.message());
  return static_cast<int>(ExitCodeOf(status));
}

bool IsGiven(const ExperimentSpec& spec, absl::string_view flag) {
  for (const RecordedSetting& setting : spec.settings) {
    if (setting.name == flag) return setting.origin != "default";
  }
  return false;
}

// Whether a setting may come through a pipe or the like: the program then
// starts again before it reads it. Otherwise it does so only once it knows that
// it computes, for a start takes a quarter of a second.
bool NamesWhatIsReadOnce(std::vector<std::string> values) {
  values.push_back(ExperimentSpec().configuration.file);
  return absl::c_any_of(values, [](const std::string& value) {
    return IsReadOnce(ResolveUserPath(value.substr(value.find('=') + 1)));
  });
}

// Over MPI where a launcher started this process, else alone.
absl::StatusOr<std::unique_ptr<Communicator>> Connect(
    const ExperimentSpec& spec, bool under_launcher, TimelineFile* timeline) {
  return Communicator::Create(
      [&, timeline]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_ASSIGN_OR_RETURN(
            std::unique_ptr<Transport> transport,
            under_launcher ? MakeMpiTransport() : InProcessJob(1)[0]());
        if (spec.reduction.check_collectives) {
          transport = MakeCheckingTransport(std::move(transport));
        }
        if (timeline != nullptr) {
          const bool writes = transport->info().rank == 0;
          transport = MakeObservingTransport(
              std::move(transport),
              // Adasum exchanges by AllToAllv, too.
              timeline->NoteCollectives(
                  spec.reduction.use_adasum ? "collectives" : "rehearsal"),
              [timeline, writes] {
                if (writes) timeline->WriteOwnEvents();
              });
        }
        return transport;
      });
}

// Core binding can fail on any rank: agree first, so that the error is printed
// once.
absl::Status RunInCommunication(const ExperimentSpec& spec,
                                Communicator& communicator,
                                TimelineFile* timeline,
                                const absl::StatusOr<RankCores>& cores) {
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, cores.status()));
  return RunExperiment(spec, *cores, communicator, timeline);
}

absl::Status RunHere(const ExperimentSpec& spec, bool under_launcher,
                     const absl::StatusOr<RankCores>& cores) {
  // Outlives the communicator's thread.
  std::optional<TimelineFile> timeline;
  if (!spec.results.timeline.empty()) timeline.emplace(spec.results.timeline);
  TimelineFile* const kept = timeline.has_value() ? &*timeline : nullptr;
  REPRISE_ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> communicator,
                           Connect(spec, under_launcher, kept));
  const absl::Status status =
      RunInCommunication(spec, *communicator, kept, cores);
  if (!status.ok() && !IsAgreed(status)) {
    // The others wait in a collective.
    communicator->Abort(status);
    return status;
  }
  // While all ranks are here: once one has left with an exit code that is not
  // 0, mpirun ends those that have not.
  if (!status.ok()) LogSharedError(status.message());
  const absl::Status finalized = communicator->Finalize();
  return status.ok() ? finalized : status;
}

// The exit code where there is nothing to run: what was asked for is printed,
// or what is wrong.
std::optional<int> AnswerOnly(
    const absl::StatusOr<ParsedCommand>& command,
    const absl::StatusOr<std::optional<RankPlace>>& place,
    const absl::Status& limit) {
  const bool speaks = IsSpokesman(place);
  if (command.ok() && command->action != ParsedCommand::Action::kRun) {
    const bool is_asked = command->action != ParsedCommand::Action::kUsage;
    if (speaks) {
      for (const std::string& note : command->notes) LogInfo(note);
      std::fputs(command->text.c_str(), is_asked ? stdout : stderr);
    }
    return is_asked ? 0 : static_cast<int>(ExitCode::kUsage);
  }
  for (const absl::Status& status : {command.status(), place.status(), limit}) {
    if (status.ok()) continue;
    if (speaks) LogError(status.message());
    return static_cast<int>(ExitCodeOf(status));
  }
  return std::nullopt;
}

// Where mpirun or srun started this process: before it has a thread.
absl::Status BecomeRank(const ExperimentSpec& spec, const RankPlace& place) {
  REPRISE_RETURN_IF_ERROR(RedirectOutput(spec.ranks.output, place));
  StartRank(place);
  LogOptions log;
  log.rank = place.rank;
  log.world_size = place.world_size;
  return ConfigureLog(log);
}

// `not_started_again`: why a start that was wanted did not come.
int RunRank(const ParsedCommand& command, const std::optional<RankPlace>& place,
            const absl::Status& not_started_again) {
  const ExperimentSpec& spec = command.spec;
  KeepFreedMemory();
  LimitLibTorch();
  PinNcclAlgorithms();
  // A reader of stdout that goes away costs a warning, not the run.
  signal(SIGPIPE, SIG_IGN);
  const RankPlace here = place.value_or(RankPlace{0, 1, 0, 1});
  // Threads inherit it.
  const absl::StatusOr<RankCores> cores =
      BindRank(spec.ranks.bind, spec.ranks.threads, here);
  if (here.rank == 0 && !HasLauncher()) ReportInterrupts(MayUseTerminal());
  if (place.has_value()) {
    const absl::Status became = BecomeRank(spec, here);
    if (!became.ok()) return Fail(became);
  }
  if (here.rank == 0) {
    if (!not_started_again.ok()) LogWarning(not_started_again.message());
    for (const std::string& note : command.notes) LogInfo(note);
  }
  const absl::Status status = RunHere(spec, place.has_value(), cores);
  const int exit_code = status.ok() ? 0 : Fail(status);
  FinishOutput();
  if (place.has_value()) ReportCompletion(here, exit_code);
  return exit_code;
}

}  // namespace

int RunVerb(const VerbCall& call) {
  const absl::Status limit = CheckProcessorLimit();
  bool start_again = LimitSpinning();
  absl::Status not_started_again;
  if (start_again && NamesWhatIsReadOnce(call.arguments)) {
    not_started_again = StartAgain(call.argv);
    start_again = false;
  }
  const absl::StatusOr<std::optional<RankPlace>> place = FindRankPlace();
  std::optional<int64_t> ranks_of_job;
  if (place.ok() && place->has_value()) {
    ranks_of_job = (**place).world_size;
    SetProcessRank((**place).rank);
  }
  const absl::StatusOr<ParsedCommand> command = ParseCommandLine(
      call.arguments, *call.experiment, call.verbs, ranks_of_job);
  const std::optional<int> answered = AnswerOnly(command, place, limit);
  if (answered.has_value()) return *answered;

  const ExperimentSpec& spec = command->spec;
  const absl::StatusOr<std::optional<int>> job = LaunchRanksIfAsked(
      {spec.ranks.count, spec.ranks.hosts,
       ArgumentsOfRanks(call.arguments, spec), spec.ranks.network},
      IsGiven(spec, "ranks") || IsGiven(spec, "hosts"));
  if (!job.ok()) return Fail(job.status());
  if (job->has_value()) return **job;
  if (start_again) not_started_again = StartAgain(call.argv);
  return RunRank(*command, *place, not_started_again);
}

}  // namespace reprise
