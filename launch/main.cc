#include "launch/main.h"

#include "core/base/check.h"
#include "launch/process/rank_process.h"
#include "launch/settings/experiments.h"
#include "launch/verb.h"
#include "launch/verbs.h"

namespace reprise {

int Main(const char* experiment, int argc, char** argv) {
  VerbCall call;
  call.experiment = FindExperiment(experiment);
  REPRISE_CHECK(call.experiment != nullptr)
      << experiment << " is not in experiments.cc";
  call.arguments = ProgramArguments(argc, argv);
  call.verbs = NamesOfVerbs();
  call.argv = argv;
  return VerbOf(call.arguments).run(call);
}

}  // namespace reprise
