// What ranks tell the launcher: short lines that travel in their stderr, since
// that is the one channel which mpirun forwards from every host. The launcher
// takes them out again (launch/mpirun/job/mpirun_report.h).
#ifndef REPRISE_LAUNCH_PROCESS_LAUNCHER_MESSAGE_H_
#define REPRISE_LAUNCH_PROCESS_LAUNCHER_MESSAGE_H_

namespace reprise {

// Set by the launcher in the environment of its ranks: without it ranks tell
// nothing, since nobody would take it out of their stderr. The value says what
// the launcher's stdout is, since mpirun gives ranks a terminal in any case.
inline constexpr char kLauncherVariable[] = "REPRISE_LAUNCHER";
inline constexpr char kOnTerminal[] = "terminal";
inline constexpr char kNotOnTerminal[] = "file";

// Ranks get their arguments as one, each led by this: mpirun of Open MPI 5
// reads what looks like its own options behind the program's name, too.
inline constexpr char kArgumentStart = '\x1f';  // ASCII unit separator

// A message is kMessageStart, one of the words, " RANK REST\n", cut to what a
// pipe takes in one piece.
inline constexpr char kMessageStart = '\x1e';  // ASCII record separator
inline constexpr int kLongestMessage = 4000;
inline constexpr char kStartedWord[] = "started";      // PID HOST
inline constexpr char kPositionWord[] = "at";          // text
inline constexpr char kResultsWord[] = "results";      // folder
inline constexpr char kCompletedWord[] = "completed";  // exit code

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_LAUNCHER_MESSAGE_H_
