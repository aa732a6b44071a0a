// The scripted run (core/metrics/testing/scripted_run.h) as its folder reads,
// for the tests of what is made of folders.
#ifndef REPRISE_LAUNCH_REPORT_TESTING_SCRIPTED_FOLDER_H_
#define REPRISE_LAUNCH_REPORT_TESTING_SCRIPTED_FOLDER_H_

#include "launch/report/run_folder.h"

namespace reprise {

// Its first `tasks` tasks; with all 3 it has finished, else it is unfinished.
// Its path is "results/scripted", its run.json that of two ranks on two hosts.
RunFolder ScriptedFolder(int tasks = 3);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_TESTING_SCRIPTED_FOLDER_H_
