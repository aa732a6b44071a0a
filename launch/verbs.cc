#include "launch/verbs.h"

#include <iostream>

#include "absl/status/status.h"
#include "core/base/log.h"
#include "core/base/processor.h"
#include "core/base/status.h"
#include "launch/data/data_command.h"
#include "launch/data/dataset_table.h"
#include "launch/run_verb.h"

namespace reprise {
namespace {

// Neither ranks nor a device: before anything looks for them.
int RunData(const VerbCall& call) {
  absl::Status status = CheckProcessorLimit();
  if (status.ok()) {
    status = RunDataCommand({call.arguments.begin() + 1, call.arguments.end()},
                            DatasetTable(), std::cout);
  }
  if (!status.ok()) LogError(status.message());
  return static_cast<int>(ExitCodeOf(status));
}

}  // namespace

const std::vector<Verb>& Verbs() {
  static const std::vector<Verb>& verbs = *new std::vector<Verb>{
      {"run", "trains, the default", RunVerb},
      {"data", "downloads, checks and generates data sets", RunData},
      {"bench", "measures", nullptr},
      {"deploy", "writes what other systems start a job by", nullptr},
      {"report", "compares runs", nullptr},
  };
  return verbs;
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
