#include "launch/settings/resolve/command_line.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/environment.h"
#include "core/base/status.h"
#include "launch/cli/argument_scanner.h"
#include "launch/cli/value_text.h"
#include "launch/cli/yaml/yaml_document.h"
#include "launch/settings/components/contradictions.h"
#include "launch/settings/components/setting_table.h"
#include "launch/settings/components/unused_settings.h"
#include "launch/settings/resolve/configuration_source.h"
#include "launch/settings/resolve/given_lines.h"
#include "launch/settings/resolve/given_settings.h"
#include "launch/settings/resolve/help_text.h"
#include "launch/settings/resolve/settings_record.h"
#include "launch/settings/resolved_settings.h"

namespace reprise {
namespace {

// Beyond any real command line; a message names each problem.
constexpr size_t kMostListed = 100;

bool AsksForHelp(const std::vector<std::string>& arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const std::string& argument) {
                       return argument == "--help" || argument == "-h";
                     });
}

// Whether the command line says so.
bool IsResolved(const std::vector<GivenSetting>& command_line) {
  const GivenSetting* const given = FindGiven(command_line, "resolved");
  return given != nullptr && ParseBool(given->text).value_or(false);
}

absl::Status Refuse(const ResolvedSettings& resolved) {
  const std::vector<std::string>& problems = resolved.problems;
  std::string message =
      problems.size() == 1
          ? "1 problem in the configuration:"
          : absl::StrCat(problems.size(), " problems in the configuration:");
  for (size_t i = 0; i < std::min(problems.size(), kMostListed); ++i) {
    absl::StrAppend(&message, "\n  ", problems[i]);
  }
  if (problems.size() > kMostListed) absl::StrAppend(&message, "\n  ...");
  if (resolved.file_in_use && !resolved.file_is_named) {
    absl::StrAppend(&message, "\n", resolved.spec.configuration.file,
                    " is read as it lies in the working folder; "
                    "--yaml-config= reads none.");
  }
  return UsageError(absl::StrCat(message, "\n--help lists the flags."));
}

std::vector<GivenSetting> ReadArguments(
    const std::vector<std::string>& arguments, const VerbNames& verbs,
    ResolvedSettings& resolved) {
  ScannedArguments scanned = ScanArguments(arguments, SettingNames(), verbs);
  resolved.problems = std::move(scanned.problems);
  return GivenOnCommandLine(scanned.flags);
}

GivenSettings AddSources(std::vector<GivenSetting> command_line,
                         const Experiment& experiment,
                         ResolvedSettings& resolved) {
  GivenSettings given;
  given.command_line = std::move(command_line);
  if (IsResolved(given.command_line)) {
    resolved.is_complete = true;
    resolved.spec.configuration.file.clear();
    return given;
  }
  given.preset = GivenByPreset(experiment.name, experiment.preset, resolved);
  given.file = GivenInFile(given.command_line, resolved);
  for (GivenSetting& published : GivenByPublication(given, resolved)) {
    given.preset.push_back(std::move(published));
  }
  return given;
}

void DeriveAndCheck(ResolvedSettings& resolved) {
  for (const Component& component : Components()) {
    if (component.derive != nullptr) component.derive(resolved);
  }
  FillKeys(resolved);
  for (const Component& component : Components()) {
    if (component.check != nullptr) component.check(resolved);
  }
  CheckContradictions(resolved);
}

void ResolvePaths(ExperimentSpec& spec) {
  for (const Setting& setting : Settings()) {
    if (setting.path == nullptr) continue;
    std::string& path = *setting.path(&spec);
    path = ResolveUserPath(path);
  }
  // Within --results-dir otherwise.
  std::string& save_dir = spec.results.save_dir;
  if (absl::StartsWith(save_dir, "~")) save_dir = ResolveUserPath(save_dir);
}

// Of what has no problem.
ParsedCommand Complete(ResolvedSettings& resolved) {
  ParsedCommand command;
  RecordSettings(resolved);
  NoteUnusedSettings(resolved);
  const ConfigurationSettings& file = resolved.spec.configuration;
  if (resolved.file_in_use) {
    resolved.notes.push_back(absl::StrCat("configuration read from ", file.file,
                                          ", section ", file.section));
  }
  ResolvePaths(resolved.spec);
  if (file.print_config) {
    command.action = ParsedCommand::Action::kPrintConfig;
    command.text = ConfigText(resolved.spec);
  }
  command.spec = std::move(resolved.spec);
  command.notes = std::move(resolved.notes);
  return command;
}

}  // namespace

absl::StatusOr<ParsedCommand> ParseCommandLine(
    const std::vector<std::string>& arguments, const Experiment& experiment,
    const VerbNames& verbs, std::optional<int64_t> job_ranks) {
  ParsedCommand command;
  command.spec.experiment = experiment.name;
  if (AsksForHelp(arguments)) {
    command.action = ParsedCommand::Action::kHelp;
    command.text = HelpText(experiment);
    return command;
  }
  ResolvedSettings resolved;
  resolved.spec.experiment = experiment.name;
  resolved.job_ranks = job_ranks;
  Merge(AddSources(ReadArguments(arguments, verbs, resolved), experiment,
                   resolved),
        resolved);
  DeriveAndCheck(resolved);
  if (!resolved.problems.empty()) return Refuse(resolved);
  // Ten epochs of every default are a run that nobody asked for. The verb run
  // does ask, as does a target of its own.
  if (arguments.empty() && experiment.preset.empty() && !resolved.file_in_use) {
    command.action = ParsedCommand::Action::kUsage;
    command.text = UsageText(experiment);
    command.notes = std::move(resolved.notes);
    return command;
  }
  return Complete(resolved);
}

ParsedCommand ParseLines(const std::vector<std::string>& flags,
                         const std::string& file,
                         const std::vector<YamlNode>& lines,
                         const Experiment& experiment,
                         std::vector<std::string>* problems) {
  ResolvedSettings resolved;
  resolved.spec.experiment = experiment.name;
  std::vector<GivenSetting> given = ReadArguments(flags, VerbNames(), resolved);
  for (GivenSetting& line :
       GivenByLines(file, lines, Level::kCommandLine, resolved)) {
    given.push_back(std::move(line));
  }
  Merge(AddSources(std::move(given), experiment, resolved), resolved);
  DeriveAndCheck(resolved);
  *problems = std::move(resolved.problems);
  return problems->empty() ? Complete(resolved) : ParsedCommand();
}

std::vector<std::string> ArgumentsOfRanks(std::vector<std::string> arguments,
                                          const ExperimentSpec& spec) {
  if (spec.ranks.hosts.empty()) return arguments;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (absl::StartsWith(arguments[i], "--hosts=")) {
      arguments.erase(arguments.begin() + i);
      break;
    }
    if (arguments[i] == "--hosts") {
      arguments.erase(arguments.begin() + i, arguments.begin() + i + 2);
      break;
    }
  }
  arguments.push_back("--hosts=" + spec.ranks.hosts);
  return arguments;
}

}  // namespace reprise
