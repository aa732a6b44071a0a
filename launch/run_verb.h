// The verb run: from a command line to the ranks that train.
#ifndef REPRISE_LAUNCH_RUN_VERB_H_
#define REPRISE_LAUNCH_RUN_VERB_H_

#include "launch/verb.h"

namespace reprise {

// Returns the exit code of the run, or of the job where this process is its
// launcher. May start the process again, once. Call after PrepareProcess
// (core/base/process_start.h) and before any thread is started.
int RunVerb(const VerbCall& call);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_VERB_H_
