// The command line of every experiment: flags with upstream's names, YAML
// configuration files and presets become one resolved ExperimentSpec, or one
// error that lists everything that is wrong.
#ifndef REPRISE_LAUNCH_FLAGS_H_
#define REPRISE_LAUNCH_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "launch/experiment.h"
#include "launch/experiments.h"

namespace reprise {

struct ParsedCommand {
  enum class Action { kRun, kHelp, kPrintConfig };
  Action action = Action::kRun;
  ExperimentSpec spec;  // complete unless kHelp
  std::string text;     // to be printed on stdout unless kRun
  // For the user, one line each; rank 0 logs them.
  std::vector<std::string> notes;
};

// `arguments` without the program's name. Precedence, lowest first: defaults,
// the experiment's preset, the configuration file, the command line; --quick
// and --scratch come between file and command line. The dicts of *-config flags
// are merged key by key in the same order. Relative paths are relative to
// $BUILD_WORKING_DIRECTORY ("bazel run") or else to the current folder.
//
// `job_ranks`: of the job that this process was started in; where neither
// --ranks nor --hosts says, that many. nullopt: none was.
//
// UsageError naming all problems at once; touches neither MPI nor a device.
absl::StatusOr<ParsedCommand> ParseCommandLine(
    const std::vector<std::string>& arguments, const Experiment& experiment,
    std::optional<int64_t> job_ranks = std::nullopt);

// The arguments that ranks get: hosts as a list, not as a file of this host.
std::vector<std::string> ArgumentsOfRanks(std::vector<std::string> arguments,
                                          const ExperimentSpec& spec);

// The names of all flags, without "--": for tests and completion.
std::vector<std::string> FlagNames();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_FLAGS_H_
