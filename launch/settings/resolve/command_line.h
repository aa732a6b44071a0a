// The command line of every experiment: flags with upstream's names, YAML
// configuration files and presets become one resolved ExperimentSpec, or one
// error that lists everything that is wrong.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "launch/cli/argument_scanner.h"
#include "launch/cli/yaml/yaml_document.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/experiments.h"

namespace reprise {

struct ParsedCommand {
  // kUsage: nothing was asked for; the text is for stderr, the exit code 2.
  enum class Action { kRun, kHelp, kPrintConfig, kUsage };
  Action action = Action::kRun;
  ExperimentSpec spec;  // complete unless kHelp or kUsage
  std::string text;     // to be printed unless kRun, on stdout unless kUsage
  // For the user, one line each; rank 0 logs them.
  std::vector<std::string> notes;
};

// `arguments` without the program's name. Precedence, lowest first: defaults,
// the experiment's preset, the configuration file (configuration_source.h), the
// command line; what --quick, --scratch and their like derive comes between
// file and command line. The dicts of *-config flags are merged key by key in
// the same order. Paths are ResolveUserPath's (core/base/environment.h).
//
// `verbs`: the program's, of which its own may come first; for messages about
// other words.
//
// `job_ranks`: of the job that this process was started in; where neither
// --ranks nor --hosts says, that many. nullopt: none was.
//
// With --resolved the command line is all there is: canonical_arguments.h.
//
// UsageError naming all problems at once; touches neither MPI nor a device.
absl::StatusOr<ParsedCommand> ParseCommandLine(
    const std::vector<std::string>& arguments, const Experiment& experiment,
    const VerbNames& verbs, std::optional<int64_t> job_ranks = std::nullopt);

// A run whose settings are lines of a file, with `flags` beside them: a point
// of a sweep. As ParseCommandLine of a command line that has them all; never
// kHelp or kUsage. What is wrong is in `problems`, one line each, with file and
// line where one is to blame; where there is any, what is returned is empty.
ParsedCommand ParseLines(const std::vector<std::string>& flags,
                         const std::string& file,
                         const std::vector<YamlNode>& lines,
                         const Experiment& experiment,
                         std::vector<std::string>* problems);

// The arguments that ranks get: hosts as a list, not as a file of this host.
std::vector<std::string> ArgumentsOfRanks(std::vector<std::string> arguments,
                                          const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_H_
