// The one main of all experiments.
#ifndef REPRISE_LAUNCH_MAIN_H_
#define REPRISE_LAUNCH_MAIN_H_

namespace reprise {

// `experiment` is a row of launch/settings/experiments.cc. Returns the exit
// code. Call after PrepareProcess (core/base/process_start.h).
int Main(const char* experiment, int argc, char** argv);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MAIN_H_
