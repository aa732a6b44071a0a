#include "launch/verbs.h"

#include <iostream>

#include "absl/status/status.h"
#include "core/base/log.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "launch/data/data_command.h"
#include "launch/data/dataset_table.h"
#include "launch/influx/influx_command.h"
#include "launch/monitoring/monitoring_command.h"
#include "launch/report/report_command.h"
#include "launch/run_verb.h"
#include "launch/sweep/sweep_command.h"

namespace reprise {
namespace {

int ExitCodeFor(const absl::Status& status) {
  if (!status.ok()) LogError(status.message());
  return static_cast<int>(ExitCodeOf(status));
}

// Neither ranks nor a device: before anything looks for them.
int RunData(const VerbCall& call) {
  absl::Status status = CheckProcessorLimit();
  if (status.ok()) {
    status = RunDataCommand({call.arguments.begin() + 1, call.arguments.end()},
                            DatasetTable(), std::cout);
  }
  return ExitCodeFor(status);
}

int RunMonitoring(const VerbCall& call) {
  return ExitCodeFor(RunMonitoringCommand(
      {call.arguments.begin() + 1, call.arguments.end()}, std::cout));
}

int RunInflux(const VerbCall& call) {
  return ExitCodeFor(RunInfluxCommand(
      {call.arguments.begin() + 1, call.arguments.end()}, std::cout));
}

int RunReport(const VerbCall& call) {
  return ExitCodeFor(RunReportCommand(
      {call.arguments.begin() + 1, call.arguments.end()}, std::cout));
}

int RunSweep(const VerbCall& call) {
  absl::Status status = CheckProcessorLimit();
  if (status.ok()) {
    status = RunSweepCommand({call.arguments.begin() + 1, call.arguments.end()},
                             *call.experiment);
  }
  return ExitCodeFor(status);
}

int RunInflux(const VerbCall& call) {
  const absl::Status status = RunInfluxCommand(
      {call.arguments.begin() + 1, call.arguments.end()}, std::cout);
  if (!status.ok()) LogError(status.message());
  return static_cast<int>(ExitCodeOf(status));
}

}  // namespace

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb>& verbs = *new std::vector<Verb>{
      {"run", RunVerb},    {"data", RunData},     {"report", RunReport},
      {"sweep", RunSweep}, {"influx", RunInflux}, {"monitoring", RunMonitoring},
      {"bench", nullptr},  {"deploy", nullptr},
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
