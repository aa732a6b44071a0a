#include "launch/verbs.h"

#include <unistd.h>

#include <iostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/log.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "core/metrics/progress/progress_sink.h"
#include "launch/data/data_command.h"
#include "launch/data/dataset_table.h"
#include "launch/influx/influx_command.h"
#include "launch/monitoring/monitoring_command.h"
#include "launch/report/compare/compare_command.h"
#include "launch/report/export/export_command.h"
#include "launch/report/report_command.h"
#include "launch/report/runs/runs_command.h"
#include "launch/run_verb.h"
#include "launch/sweep/sweep_command.h"

namespace reprise {
namespace {

// These verbs use neither ranks nor a device: before anything looks for them.

std::vector<std::string> ArgumentsAfterVerb(const VerbCall& call) {
  return {call.arguments.begin() + 1, call.arguments.end()};
}

int TerminalWidth() { return DetectTerminal(STDOUT_FILENO).width; }

int ExitWith(const absl::Status& status) {
  if (!status.ok()) LogError(status.message());
  return static_cast<int>(ExitCodeOf(status));
}

int RunData(const VerbCall& call) {
  absl::Status status = CheckProcessorLimit();
  if (status.ok()) {
    status =
        RunDataCommand(ArgumentsAfterVerb(call), DatasetTable(), std::cout);
  }
  return ExitWith(status);
}

int RunRuns(const VerbCall& call) {
  return ExitWith(
      RunRunsCommand(ArgumentsAfterVerb(call), TerminalWidth(), std::cout));
}

int RunCompare(const VerbCall& call) {
  const absl::StatusOr<int> exit_code =
      RunCompareCommand(ArgumentsAfterVerb(call), TerminalWidth(), std::cout);
  return exit_code.ok() ? *exit_code : ExitWith(exit_code.status());
}

int RunExport(const VerbCall& call) {
  return ExitWith(RunExportCommand(ArgumentsAfterVerb(call), std::cout));
}

int RunReport(const VerbCall& call) {
  return ExitWith(RunReportCommand(ArgumentsAfterVerb(call), std::cout));
}

int RunSweep(const VerbCall& call) {
  absl::Status status = CheckProcessorLimit();
  if (status.ok()) {
    status = RunSweepCommand(ArgumentsAfterVerb(call), *call.experiment);
  }
  return ExitWith(status);
}

int RunInflux(const VerbCall& call) {
  return ExitWith(RunInfluxCommand(ArgumentsAfterVerb(call), std::cout));
}

int RunMonitoring(const VerbCall& call) {
  return ExitWith(RunMonitoringCommand(ArgumentsAfterVerb(call), std::cout));
}

}  // namespace

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb>& verbs = *new std::vector<Verb>{
      {"run", RunVerb},        {"data", RunData},
      {"sweep", RunSweep},     {"runs", RunRuns},
      {"compare", RunCompare}, {"report", RunReport},
      {"export", RunExport},   {"monitoring", RunMonitoring},
      {"influx", RunInflux},   {"bench", nullptr},
      {"deploy", nullptr},
  };
  return verbs;
}

VerbNames NamesOfVerbs() {
  VerbNames names;
  names.own = Verbs().front().name;
  for (auto verb = Verbs().begin() + 1; verb != Verbs().end(); ++verb) {
    (verb->run != nullptr ? names.done : names.to_come).push_back(verb->name);
  }
  return names;
}

const Verb& VerbOf(const std::vector<std::string>& arguments) {
  for (const Verb& verb : Verbs()) {
    if (!arguments.empty() && arguments[0] == verb.name &&
        verb.run != nullptr) {
      return verb;
    }
  }
  return Verbs().front();
}

}  // namespace reprise
