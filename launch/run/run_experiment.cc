#include "launch/run/run_experiment.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "agents/training/training_loop.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/phase.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/comm/decorators/observing_transport.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/metrics_fanout.h"
#include "core/metrics/results_folder.h"
#include "core/metrics/run_id/run_id.h"
#include "core/metrics/run_json.h"
#include "launch/influx/influx_target.h"
#include "launch/process/interrupt.h"
#include "launch/process/rank_output.h"
#include "launch/process/rank_process.h"
#include "launch/report/report_command.h"
#include "launch/run/parts/run_parts.h"
#include "launch/run/parts/training_options.h"
#include "launch/run/ranks/rank_agreement.h"
#include "launch/run/results/announcement.h"
#include "launch/run/results/result_sinks.h"
#include "launch/run/results/run_info.h"

namespace reprise {
namespace {

class ExperimentRun {
 public:
  ExperimentRun(const ExperimentSpec& spec, Communicator& communicator,
                TimelineFile* timeline)
      : spec_(spec),
        communicator_(communicator),
        timeline_(timeline),
        rank_(communicator.rank()),
        world_size_(communicator.world_size()) {}

  absl::Status Execute(const RankCores& cores) {
    const absl::Status status = Run(cores);
    // Before the others are told of a failure that is this rank's alone: what
    // ends them may end this process, too.
    if (!folder_.empty()) {
      const absl::Status reported = WriteRunReport(folder_, status);
      if (!reported.ok()) {
        LogWarning(absl::StrCat("no report.html: ", reported.message()));
      }
    }
    return status;
  }

 private:
  absl::Status Run(const RankCores& cores) {
    REPRISE_RETURN_IF_ERROR(
        AgreeOnConfiguration(communicator_, spec_.settings));
    // Before data is loaded: a token that cannot be read is told at once.
    if (!spec_.influx.url.empty()) {
      REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, FindInfluxDb()));
    }
    CollectiveObserver observer;
    if (timeline_ != nullptr) {
      observer = timeline_->NoteCollectives("rehearsal");
    }
    REPRISE_ASSIGN_OR_RETURN(
        parts_, MakeRunParts(spec_, cores, communicator_, observer));
    const TrainingOptions options = Options();
    REPRISE_RETURN_IF_ERROR(options.regime.Validate());
    absl::Status opened;
    if (rank_ == 0) opened = OpenResults();
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator_, opened));
    if (spec_.ranks.output == RankOutput::kFiles) {
      REPRISE_ASSIGN_OR_RETURN(const std::vector<std::string> folders,
                               AllGatherStrings(communicator_, folder_));
      SendOutputTo(folders[0]);
    }
    if (rank_ == 0) AnnounceRun(spec_, parts_, world_size_);
    REPRISE_RETURN_IF_ERROR(AgreeOnStatus(
        communicator_, sinks_.OnRunStart(RunStartOf(spec_, parts_, world_size_,
                                                    folder_, run_id_))));
    return FinishTimeline(TrainModel(options));
  }

  TrainingOptions Options() const {
    TrainingOptions options =
        TrainingOptionsOf(spec_, parts_.sizes, parts_.lr_scale);
    options.device_communicator =
        parts_.hardware.device_communicator.on_devices.get();
    if (timeline_ != nullptr) {
      options.on_phase = [timeline = timeline_](Phase phase, absl::Time begin,
                                                absl::Time end) {
        timeline->events().Add("compute", PhaseName(phase), begin, end);
      };
    }
    return options;
  }

  // Reads what rank 0 alone needs, a token's file among it.
  absl::Status FindInfluxDb() {
    if (rank_ != 0) return absl::OkStatus();
    REPRISE_ASSIGN_OR_RETURN(influx_, InfluxTargetOf(spec_.influx));
    return absl::OkStatus();
  }

  // On rank 0.
  absl::Status OpenResults() {
    REPRISE_ASSIGN_OR_RETURN(
        folder_,
        CreateResultsFolder(spec_.results.results_dir, spec_.results.save_dir));
    run_id_ = MakeRunId();
    if (timeline_ != nullptr) REPRISE_RETURN_IF_ERROR(timeline_->Open());
    SetInterruptFolder(folder_);
    ReportResults(RankPlace{rank_, world_size_}, folder_);
    REPRISE_ASSIGN_OR_RETURN(log_, OpenLogFile(folder_, rank_, world_size_));
    const RunInfo info = RunInfoOf(spec_, parts_, communicator_, run_id_);
    REPRISE_RETURN_IF_ERROR(WriteRunJson(folder_, info));
    REPRISE_RETURN_IF_ERROR(
        WriteArguments(spec_, parts_, world_size_, folder_));
    SinkContext context;
    context.folder = folder_;
    context.experiment = spec_.experiment;
    context.log_fd = log_.get();
    context.generated_data = parts_.data.generated;
    context.tensorboard = spec_.results.tensorboard;
    context.settings = info.settings;
    context.model = parts_.model.get();
    context.influx.target = influx_;
    context.influx.flush_limit = absl::Seconds(spec_.influx.flush_seconds);
    return AddResultSinks(context, &sinks_);
  }

  absl::Status TrainModel(const TrainingOptions& options) {
    REPRISE_RETURN_IF_ERROR(Train(options, parts_.data, parts_.scenario.tasks,
                                  *parts_.model, *parts_.agent, communicator_,
                                  sinks_));
    return options.device_communicator == nullptr
               ? absl::OkStatus()
               : options.device_communicator->Finalize();
  }

  // Collective where `trained` is OK or shared. `trained`, or the error of the
  // communicator.
  absl::Status FinishTimeline(const absl::Status& trained) {
    if (timeline_ == nullptr) return trained;
    // The other ranks may not know of a failure that is not shared: they are
    // not asked. Rank 0 writes what it has before it tells them
    // (launch/run_verb.cc).
    if (!trained.ok() && !IsAgreed(trained)) return trained;
    const absl::Status gathered =
        timeline_->Write(communicator_, !trained.ok());
    return trained.ok() ? gathered : trained;
  }

  const ExperimentSpec& spec_;
  Communicator& communicator_;
  TimelineFile* const timeline_;  // nullptr: none
  const int rank_, world_size_;

  RunParts parts_;
  std::string folder_, run_id_;  // rank 0
  FileDescriptor log_;           // rank 0
  InfluxTarget influx_;          // rank 0; without an address: none
  MetricsFanout sinks_;
};

}  // namespace

absl::Status RunExperiment(const ExperimentSpec& spec, const RankCores& cores,
                           Communicator& communicator, TimelineFile* timeline) {
  return ExperimentRun(spec, communicator, timeline).Execute(cores);
}

}  // namespace reprise
