#include "launch/settings/flags.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "agents/regime/regime.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "launch/cli/config_file.h"
#include "launch/cli/dict_literal.h"
#include "launch/cli/dict_reader.h"
#include "launch/cli/literal_value.h"
#include "launch/mpirun/host_list.h"
#include "launch/settings/flag_table.h"
#include "launch/settings/help_text.h"
#include "launch/settings/regime_literal.h"

namespace reprise {
namespace {

// Beyond any real command line; a message names each problem.
constexpr size_t kMostListed = 100;

const std::vector<std::string>& UnbuiltVerbs() {
  static const std::vector<std::string>& verbs =
      *new std::vector<std::string>{"bench", "deploy", "report"};
  return verbs;
}

// Of --ranks where mpirun or srun of the user's has started the ranks.
constexpr char kJobOrigin[] = "the job";

enum class Level { kDefault, kPreset, kFile, kDerived, kCommandLine };

// One flag as given somewhere.
struct Given {
  const Flag* flag = nullptr;
  std::string text;
  std::optional<LiteralDict> dict;  // a mapping in a file
  std::string name_in_messages;     // "--lr", "config.yaml:12: lr"
  std::string origin;
};

struct Origin {
  Level level = Level::kDefault;
  std::string text = "default";
};

// A *-config flag, merged key by key.
struct MergedDict {
  LiteralDict dict;
  std::map<std::string, Origin> origins;
};

bool Exists(const std::string& path) {
  return !path.empty() && access(ResolveUserPath(path).c_str(), F_OK) == 0;
}

class CommandParser {
 public:
  CommandParser(const std::vector<std::string>& arguments,
                const Experiment& experiment, std::optional<int64_t> job_ranks)
      : arguments_(arguments), experiment_(experiment), job_ranks_(job_ranks) {
    command_.spec.experiment = experiment.name;
  }

  absl::StatusOr<ParsedCommand> Parse() {
    for (const std::string& argument : arguments_) {
      if (argument == "--help" || argument == "-h") {
        command_.action = ParsedCommand::Action::kHelp;
        command_.text = HelpText(experiment_);
        return std::move(command_);
      }
    }
    SplitCommandLine();
    ReadPreset();
    ReadFile();
    ReadPublishedPreset();
    for (Level level : {Level::kPreset, Level::kFile, Level::kCommandLine}) {
      // Derived values lie between, but depend on what the command line says.
      for (const Given& given : given_[level]) Apply(given, level);
    }
    FillDicts();
    ApplyQuick();
    ApplyScratch();
    ApplyProfile();
    ApplyNoCuda();
    ApplyFp16Allreduce();
    ApplyAdasum();
    ChooseBetween("global-batch-size", "batch-size",
                  OriginOf("batch-size").level,
                  &ExperimentSpec::global_batch_size);
    ChooseBetween("global-representatives", "'num_samples' in --agent-config",
                  KeyLevel(DictFlag::kAgent, "num_samples"),
                  &ExperimentSpec::global_representatives);
    ChooseBetween("global-candidates", "'num_candidates' in --agent-config",
                  KeyLevel(DictFlag::kAgent, "num_candidates"),
                  &ExperimentSpec::global_candidates);
    CountRanks();
    CheckPlausible();
    CheckFolders();
    FillDicts();
    CheckOptimizer();
    if (!problems_.empty()) return Refuse();
    if (AsksNothing()) {
      command_.action = ParsedCommand::Action::kUsage;
      command_.text = UsageText(experiment_);
      return std::move(command_);
    }
    RecordSettings();
    AddNotes();
    ResolvePaths();
    if (print_config_) {
      command_.action = ParsedCommand::Action::kPrintConfig;
      command_.text = ConfigText(command_.spec);
    }
    return std::move(command_);
  }

 private:
  template <typename... Pieces>
  void AddProblem(const Pieces&... pieces) {
    problems_.push_back(absl::StrCat(pieces...));
  }

  absl::Status Refuse() const {
    std::string message =
        problems_.size() == 1
            ? "1 problem in the configuration:"
            : absl::StrCat(problems_.size(), " problems in the configuration:");
    for (size_t i = 0; i < std::min(problems_.size(), kMostListed); ++i) {
      absl::StrAppend(&message, "\n  ", problems_[i]);
    }
    if (problems_.size() > kMostListed) absl::StrAppend(&message, "\n  ...");
    if (file_in_use_ && !file_is_named_) {
      absl::StrAppend(&message, "\n", command_.spec.yaml_config,
                      " is read as it lies in the working folder; "
                      "--yaml-config= reads none.");
    }
    return UsageError(absl::StrCat(message, "\n--help lists the flags."));
  }

  // A flag's name as written, with or without a leading no: the flag and the
  // value that the bare name stands for.
  struct Match {
    const Flag* flag = nullptr;
    bool negated = false;
  };
  static Match FindMatch(absl::string_view name) {
    if (const Flag* flag = FindFlag(name)) return {flag, false};
    // --evaluate takes --no-evaluate back.
    if (const Flag* flag = FindFlag(absl::StrCat("no-", name))) {
      return {flag, true};
    }
    for (const absl::string_view prefix : {"no-", "no_", "no"}) {
      if (!absl::StartsWith(name, prefix)) continue;
      const Flag* flag = FindFlag(name.substr(prefix.size()));
      if (flag != nullptr && flag->IsBool() && flag->name != "help") {
        return {flag, true};
      }
    }
    return {};
  }

  void SplitCommandLine() {
    std::map<const Flag*, std::string> seen;
    const Flag* previous_bool = nullptr;
    for (size_t i = 0; i < arguments_.size(); ++i) {
      const std::string& argument = arguments_[i];
      if (FindInvalidUtf8(argument) != std::string::npos) {
        AddProblem("argument ", i + 1, " '", Printable(argument),
                   "' is not UTF-8");
        continue;
      }
      if (!absl::StartsWith(argument, "--") || argument == "--") {
        AddStray(i, previous_bool);
        previous_bool = nullptr;
        continue;
      }
      previous_bool = nullptr;
      const size_t equals = argument.find('=');
      const std::string written = argument.substr(0, equals);
      const Match match = FindMatch(written.substr(2));
      const bool has_value = equals != std::string::npos;
      if (match.flag == nullptr) {
        AddProblem(Printable(written), ": unknown flag",
                   DidYouMean(absl::StrReplaceAll(written, {{"_", "-"}}),
                              WithHyphens()));
        // Its value, probably.
        if (!has_value && i + 1 < arguments_.size() &&
            !absl::StartsWith(arguments_[i + 1], "-")) {
          ++i;
        }
        continue;
      }
      Given given;
      given.flag = match.flag;
      given.name_in_messages = written;
      given.origin = "command line";
      if (match.flag->IsBool()) {
        given.text = has_value ? argument.substr(equals + 1) : "true";
        if (match.negated) {
          const absl::StatusOr<bool> value = ParseBool(given.text);
          if (value.ok()) given.text = *value ? "false" : "true";
        }
        if (!has_value) previous_bool = match.flag;
      } else if (has_value) {
        given.text = argument.substr(equals + 1);
      } else if (i + 1 < arguments_.size() &&
                 !absl::StartsWith(arguments_[i + 1], "--")) {
        given.text = arguments_[++i];
        if (FindInvalidUtf8(given.text) != std::string::npos) {
          AddProblem(written, ": '", Printable(given.text), "' is not UTF-8");
          continue;
        }
      } else {
        AddProblem(written, ": expected a value (", match.flag->metavar, ")");
        continue;
      }
      const auto [first, is_first] = seen.emplace(match.flag, written);
      if (!is_first) {
        AddProblem(written, ": given twice",
                   first->second == written
                       ? std::string()
                       : absl::StrCat(", first as ", first->second));
        continue;
      }
      given_[Level::kCommandLine].push_back(std::move(given));
    }
  }

  static std::vector<std::string> WithHyphens() {
    std::vector<std::string> names;
    for (const std::string& name : FlagNames()) names.push_back("--" + name);
    return names;
  }

  void AddStray(size_t i, const Flag* previous_bool) {
    const std::string& argument = arguments_[i];
    if (i == 0 && argument == "run") return;
    const auto& unbuilt = UnbuiltVerbs();
    if (argument == "--") {
      AddProblem("--: only \"bazel run\" needs it; leave it out here");
    } else if (absl::StartsWith(argument, "-")) {
      AddProblem(Printable(argument), ": flags begin with two hyphens");
    } else if (previous_bool != nullptr && ParseBool(argument).ok()) {
      AddProblem("'", argument, "': expected nothing after --",
                 previous_bool->name, "; write --", previous_bool->name, "=",
                 argument);
    } else if (i == 0 && std::find(unbuilt.begin(), unbuilt.end(), argument) !=
                             unbuilt.end()) {
      AddProblem(argument,
                 ": not built yet; the verbs are run and data (to come: ",
                 absl::StrJoin(unbuilt, ", "), ")");
    } else if (i == 0) {
      std::vector<std::string> verbs = unbuilt;
      verbs.push_back("run");
      verbs.push_back("data");
      AddProblem("'", Printable(argument),
                 "': unknown verb; there are run and data",
                 DidYouMean(argument, verbs));
    } else {
      AddProblem("'", Printable(argument), "': expected a flag");
    }
  }

  using Preset = std::vector<std::pair<std::string, std::string>>;

  void AddPreset(const std::string& preset_name, const Preset& preset) {
    for (const auto& [name, text] : preset) {
      Given given;
      given.flag = FindFlag(name);
      if (given.flag == nullptr) {
        AddProblem("preset ", preset_name, ": unknown flag ", name);
        continue;
      }
      given.text = text;
      given.origin = absl::StrCat("preset ", preset_name);
      given.name_in_messages = absl::StrCat(given.origin, ": ", name);
      given_[Level::kPreset].push_back(std::move(given));
    }
  }

  void ReadPreset() { AddPreset(experiment_.name, experiment_.preset); }

  // After the experiment's own, which says for which data set.
  void ReadPublishedPreset() {
    const auto text_of = [&](absl::string_view name) {
      std::string text;
      for (const Level level :
           {Level::kPreset, Level::kFile, Level::kCommandLine}) {
        for (const Given& given : given_[level]) {
          if (given.flag->name == name) text = given.text;
        }
      }
      return text;
    };
    const std::string preset = text_of("preset");
    if (preset.empty() || preset == "none") return;
    const std::string dataset = text_of("dataset");
    int64_t depth = command_.spec.model_config.depth;
    for (const Level level :
         {Level::kPreset, Level::kFile, Level::kCommandLine}) {
      for (const Given& given : given_[level]) {
        if (given.flag->name != "model-config") continue;
        // What is wrong with it is told where it is applied.
        const absl::StatusOr<LiteralDict> dict =
            given.dict.has_value() ? *given.dict : ParseDictLiteral(given.text);
        if (!dict.ok()) continue;
        for (const auto& [key, value] : *dict) {
          const int64_t* number = std::get_if<int64_t>(&value.value);
          if (key == "depth" && number != nullptr) depth = *number;
        }
      }
    }
    AddPreset(
        preset,
        PublishedPreset(
            preset, dataset.empty() ? command_.spec.dataset : dataset, depth));
    command_.notes.push_back(absl::StrCat(
        "preset ", preset,
        ": the published configurations had classes in tasks of 5 and 5, their "
        "README 4, 3 and 3; --tasksets-config decides"));
  }

  const Given* OnCommandLine(absl::string_view name) {
    for (const Given& given : given_[Level::kCommandLine]) {
      if (given.flag->name == name) return &given;
    }
    return nullptr;
  }

  void ReadFile() {
    const Given* file_flag = OnCommandLine("yaml-config");
    const Given* section_flag = OnCommandLine("config");
    std::string path =
        file_flag != nullptr ? file_flag->text : command_.spec.yaml_config;
    std::string name =
        section_flag != nullptr ? section_flag->text : command_.spec.config;
    file_is_named_ = file_flag != nullptr || section_flag != nullptr;
    if (file_flag != nullptr && path.empty() && section_flag == nullptr) return;
    const bool has_file = Exists(path);
    // Upstream's scripts pass the file where the section belongs.
    const bool section_may_be_file =
        section_flag != nullptr && file_flag == nullptr && Exists(name);
    std::vector<ConfigSection> sections;
    const auto read = [&]() {
      auto read_sections = ReadConfigFile(ResolveUserPath(path));
      if (read_sections.ok()) {
        sections = *std::move(read_sections);
      } else if (file_is_named_) {
        AddProblem(read_sections.status().message());
      } else {
        IgnoreFile(path, read_sections.status().message());
      }
      return read_sections.ok();
    };
    if (has_file || file_flag != nullptr) {
      if (!read()) return;
    } else if (section_flag != nullptr && !section_may_be_file) {
      AddProblem("--config: there is no ", path,
                 " to read the section from; name the file by --yaml-config");
      return;
    } else if (section_flag == nullptr) {
      return;
    }
    const ConfigSection* section = FindSection(sections, name);
    if (section == nullptr && section_may_be_file) {
      path = name;
      name = "base";
      command_.notes.push_back(absl::StrCat(
          "--config names the file ", path,
          " and no section: read as --yaml-config ", path, " --config base"));
      if (!read()) return;
      section = FindSection(sections, name);
    }
    if (section == nullptr) {
      std::vector<std::string> names;
      for (const ConfigSection& other : sections) names.push_back(other.name);
      const std::string missing =
          absl::StrCat(path, " has no section ", Printable(name), "; it has ",
                       names.empty() ? "none" : absl::StrJoin(names, ", "),
                       DidYouMean(name, names));
      if (section_flag == nullptr && file_flag == nullptr) {
        command_.notes.push_back(missing + ": not used");
      } else {
        problems_.push_back(missing);
      }
      return;
    }
    if (!file_is_named_ && !section->entries.empty() &&
        std::none_of(section->entries.begin(), section->entries.end(),
                     [](const ConfigEntry& entry) {
                       return FindMatch(entry.key).flag != nullptr;
                     })) {
      IgnoreFile(path, absl::StrCat("none of the keys of its section ", name,
                                    " is a flag"));
      return;
    }
    file_in_use_ = true;
    StorePath(path, name);
    for (const ConfigEntry& entry : section->entries) AddEntry(path, entry);
  }

  // A file of this name that nobody named may be another program's.
  void IgnoreFile(absl::string_view path, absl::string_view why) {
    command_.notes.push_back(
        absl::StrCat(path, " in the working folder is not used: ", why,
                     " (--yaml-config=", path, " would insist)"));
  }

  void StorePath(const std::string& path, const std::string& section) {
    command_.spec.yaml_config = path;
    command_.spec.config = section;
  }

  static const ConfigSection* FindSection(
      const std::vector<ConfigSection>& sections, absl::string_view name) {
    for (const ConfigSection& section : sections) {
      if (section.name == name) return &section;
    }
    return nullptr;
  }

  void AddEntry(const std::string& path, const ConfigEntry& entry) {
    Given given;
    given.origin = absl::StrCat(path, ":", entry.line);
    given.name_in_messages = absl::StrCat(given.origin, ": ", entry.key);
    const Match match = FindMatch(entry.key);
    if (match.flag == nullptr) {
      AddProblem(given.origin, ": ", Printable(entry.key), ": unknown flag",
                 DidYouMean(absl::StrReplaceAll(entry.key, {{"_", "-"}}),
                            FlagNames()));
      return;
    }
    for (const char* own : {"yaml-config", "config", "help", "print-config"}) {
      if (match.flag->name == own) {
        AddProblem(given.name_in_messages, ": only on the command line");
        return;
      }
    }
    for (const Given& other : given_[Level::kFile]) {
      if (other.flag == match.flag) {
        AddProblem(given.name_in_messages, ": given twice, first as ",
                   other.name_in_messages);
        return;
      }
    }
    given.flag = match.flag;
    const auto& value = entry.value.value;
    if (std::holds_alternative<std::monostate>(value)) return;
    const bool is_dict_flag =
        std::holds_alternative<DictFlag>(match.flag->destination);
    if (std::holds_alternative<LiteralDict>(value) && is_dict_flag) {
      given.dict = std::get<LiteralDict>(value);
    } else if (std::holds_alternative<LiteralList>(value) &&
               match.flag->name == "regime") {
      given.text = ToPythonLiteral(entry.value);
      given_[Level::kFile].push_back(std::move(given));
      return;
    } else if (std::holds_alternative<LiteralDict>(value) ||
               std::holds_alternative<LiteralList>(value)) {
      AddProblem(given.name_in_messages, ": expected one value, found ",
                 Printable(ToPythonLiteral(entry.value)));
      return;
    }
    given.text = entry.text;
    if (match.negated) {
      const absl::StatusOr<bool> negated = ParseBool(given.text);
      if (negated.ok()) given.text = *negated ? "false" : "true";
    }
    given_[Level::kFile].push_back(std::move(given));
  }

  void Apply(const Given& given, Level level) {
    const Flag& flag = *given.flag;
    if (const DictFlag* dict_flag = std::get_if<DictFlag>(&flag.destination)) {
      ApplyDict(given, level, *dict_flag);
      return;
    }
    const absl::Status stored = StoreFlag(flag, given.text, &command_.spec);
    if (!stored.ok()) {
      AddProblem(given.name_in_messages, ": ", stored.message());
      return;
    }
    if (flag.name == "print-config") print_config_ = *ParseBool(given.text);
    if (flag.name == "no-cuda") no_cuda_ = *ParseBool(given.text);
    origins_[flag.name] = {level, given.origin};
  }

  void ApplyDict(const Given& given, Level level, DictFlag which) {
    LiteralDict dict;
    if (given.dict.has_value()) {
      dict = *given.dict;
    } else if (!absl::StripAsciiWhitespace(given.text).empty()) {
      auto parsed = ParseDictLiteral(given.text);
      if (!parsed.ok()) {
        AddProblem(given.name_in_messages, ": ", parsed.status().message());
        return;
      }
      dict = *std::move(parsed);
    }
    const size_t problems_before = problems_.size();
    // Checked here, where the message can say which source is wrong.
    ExperimentSpec scratch_pad = command_.spec;
    ReadDict(which, dict, given.name_in_messages, &scratch_pad);
    if (problems_.size() != problems_before) return;
    for (auto& [key, value] : dict) {
      SetKey(which, key, std::move(value), {level, given.origin});
    }
  }

  void SetKey(DictFlag which, const std::string& key, LiteralValue value,
              Origin origin) {
    MergedDict& merged = dicts_[which];
    merged.origins[key] = std::move(origin);
    for (auto& [known, old_value] : merged.dict) {
      if (known == key) {
        old_value = std::move(value);
        return;
      }
    }
    merged.dict.emplace_back(key, std::move(value));
  }

  void ReadDict(DictFlag which, const LiteralDict& dict,
                const std::string& context, ExperimentSpec* spec) {
    DictReader reader(dict, context, &problems_);
    if (which == DictFlag::kTasksets) {
      TasksetsConfig& tasksets = spec->tasksets;
      reader.Read("scenario", {"class", "instance"}, &tasksets.scenario);
      reader.Read("initial_increment", 0, &tasksets.initial_increment);
      reader.Read("increment", 0, &tasksets.increment);
      reader.Read("num_tasks", 1, &tasksets.num_tasks);
      reader.Read("concatenate_tasksets", &tasksets.concatenate_tasksets);
      reader.Read("class_order", 0, &tasksets.class_order,
                  &tasksets.class_order_seed);
    } else if (which == DictFlag::kAgent) {
      AgentConfig& agent = spec->agent_config;
      reader.Read("num_representatives", 1, &agent.num_representatives);
      reader.Read("num_candidates", 1, &agent.num_candidates);
      reader.Read("num_samples", 0, &agent.num_samples);
      reader.Read("reset_state_dict", &agent.reset_state_dict);
      reader.Read("implementation", {"", "upstream"}, &agent.implementation);
    } else {
      ModelConfig& model = spec->model_config;
      reader.Read("depth", 1, &model.depth);
      reader.Read("width", 1, &model.width);
      reader.Read("variant", {"", "upstream"}, &model.variant);
    }
    reader.Finish();
  }

  void FillDicts() {
    for (const auto& [which, merged] : dicts_) {
      ReadDict(which, merged.dict, "", &command_.spec);
    }
  }

  Origin OriginOf(absl::string_view flag) const {
    const auto found = origins_.find(std::string(flag));
    return found == origins_.end() ? Origin() : found->second;
  }

  Level KeyLevel(DictFlag which, const std::string& key) const {
    const auto dict = dicts_.find(which);
    if (dict == dicts_.end()) return Level::kDefault;
    const auto found = dict->second.origins.find(key);
    return found == dict->second.origins.end() ? Level::kDefault
                                               : found->second.level;
  }

  void ApplyQuick() {
    ExperimentSpec& spec = command_.spec;
    if (!spec.quick) return;
    // A sample of MNIST takes well below a millisecond, one of the others up to
    // a second (CANDLENet).
    const bool small = spec.dataset == "mnist";
    spec.max_train_samples_per_task = small ? 256 : 24;
    spec.max_test_samples_per_task = small ? 64 : 16;
    const Origin origin = {Level::kDerived, "--quick"};
    constexpr int64_t kMostRepresentatives = 8;
    for (const char* key : {"num_candidates", "num_samples"}) {
      const bool candidates = key == std::string("num_candidates");
      const int64_t value = candidates
                                ? spec.agent_config.num_candidates
                                : spec.agent_config.num_samples.value_or(0);
      if (small || value <= kMostRepresentatives ||
          KeyLevel(DictFlag::kAgent, key) >= OriginOf("quick").level) {
        continue;
      }
      LiteralValue most;
      most.value = kMostRepresentatives;
      SetKey(DictFlag::kAgent, key, most, origin);
    }
    const Level level = OriginOf("quick").level;
    if (OriginOf("max-steps-per-epoch").level < level) {
      spec.max_steps_per_epoch = 3;
      origins_["max-steps-per-epoch"] = origin;
    }
    if (OriginOf("epochs").level < level && spec.epochs != 1) {
      spec.epochs = 1;
      origins_["epochs"] = origin;
    }
    if (OriginOf("batch-size").level < level && spec.batch_size > 8) {
      spec.batch_size = 8;
      // Still below a --global-batch-size of the file.
      if (!spec.global_batch_size.has_value()) origins_["batch-size"] = origin;
    }
  }

  void ApplyScratch() {
    if (!command_.spec.scratch) return;
    LiteralValue yes;
    yes.value = true;
    const std::pair<DictFlag, const char*> keys[] = {
        {DictFlag::kTasksets, "concatenate_tasksets"},
        {DictFlag::kAgent, "reset_state_dict"}};
    for (const auto& [which, key] : keys) {
      if (KeyLevel(which, key) == Level::kCommandLine) {
        for (const auto& [name, value] : dicts_[which].dict) {
          const bool* given = std::get_if<bool>(&value.value);
          if (name == key && given != nullptr && !*given) {
            AddProblem("--scratch contradicts '", key, "': False");
          }
        }
        continue;
      }
      SetKey(which, key, yes, {Level::kDerived, "--scratch"});
    }
  }

  // Research choices in place of ours, where the command line says nothing.
  void ApplyProfile() {
    ExperimentSpec& spec = command_.spec;
    if (spec.profile != "upstream") return;
    const Level level = OriginOf("profile").level;
    const Origin origin = {Level::kDerived, "--profile=upstream"};
    const auto set = [&](const char* flag, std::string* field,
                         const char* value) {
      if (OriginOf(flag).level >= level || *field == value) return;
      *field = value;
      origins_[flag] = origin;
    };
    set("augment", &spec.augment, "none");
    set("buffer", &spec.buffer, "local");
    set("rehearsal", &spec.rehearsal, "sync");
    set("capacity", &spec.capacity, "per-rank");
    if (spec.regime == "cifar") set("regime", &spec.regime, "upstream");
    LiteralValue upstream;
    upstream.value = std::string("upstream");
    if (spec.agent == "icarl" &&
        KeyLevel(DictFlag::kAgent, "implementation") < level) {
      SetKey(DictFlag::kAgent, "implementation", upstream, origin);
    }
    if (spec.model == "resnet" &&
        KeyLevel(DictFlag::kModel, "variant") < level) {
      SetKey(DictFlag::kModel, "variant", upstream, origin);
    }
  }

  void ApplyNoCuda() {
    if (!no_cuda_) return;
    const Origin device = OriginOf("device");
    if (device.level >= OriginOf("no-cuda").level &&
        command_.spec.device == "cuda") {
      AddProblem("--no-cuda contradicts --device=cuda");
    }
    command_.spec.device = "cpu";
    origins_["device"] = {Level::kDerived, "--no-cuda"};
  }

  // Upstream's name for one value of --compression: the one given closer to the
  // user holds.
  void ApplyFp16Allreduce() {
    ExperimentSpec& spec = command_.spec;
    if (!spec.fp16_allreduce || spec.compression == "fp16") return;
    const Level flag = OriginOf("fp16-allreduce").level;
    const Level compression = OriginOf("compression").level;
    if (compression > flag) {
      spec.fp16_allreduce = false;
      origins_.erase("fp16-allreduce");
    } else if (compression == flag) {
      AddProblem("--fp16-allreduce contradicts --compression=",
                 spec.compression);
    } else {
      spec.compression = "fp16";
      origins_["compression"] = {Level::kDerived, "--fp16-allreduce"};
    }
  }

  // Adasum adds what is orthogonal: it scales the step by itself.
  void ApplyAdasum() {
    ExperimentSpec& spec = command_.spec;
    if (!spec.use_adasum) return;
    if (spec.reduction == "nccl") {
      AddProblem(
          "--use-adasum contradicts --reduction=nccl: it combines gradients in "
          "host memory");
    }
    if (spec.compression != "none") {
      AddProblem("--use-adasum contradicts ",
                 spec.fp16_allreduce ? "--fp16-allreduce" : "--compression",
                 ": it combines fp32 gradients");
    }
    if (spec.gradient_predivide_factor != 1) {
      AddProblem(
          "--use-adasum contradicts --gradient-predivide-factor: it has no sum "
          "to divide before");
    }
    if (OriginOf("lr-scaling").level < OriginOf("use-adasum").level &&
        spec.lr_scaling != "none") {
      spec.lr_scaling = "none";
      origins_["lr-scaling"] = {Level::kDerived, "--use-adasum"};
    }
  }

  // The global and the local form of a size: the one given closer to the user
  // holds; both at once are a contradiction.
  void ChooseBetween(absl::string_view global, absl::string_view local,
                     Level local_level,
                     std::optional<int64_t> ExperimentSpec::*field) {
    if (!(command_.spec.*field).has_value()) return;
    const Level level = OriginOf(global).level;
    if (level == local_level) {
      AddProblem("--", global, " contradicts ",
                 absl::StartsWith(local, "'") ? "" : "--", local,
                 ": give one of them");
    } else if (level < local_level) {
      command_.spec.*field = std::nullopt;
      origins_.erase(std::string(global));
    }
  }

  void CountRanks() {
    ExperimentSpec& spec = command_.spec;
    if (spec.hosts.empty()) {
      if (job_ranks_.has_value() &&
          OriginOf("ranks").level == Level::kDefault) {
        spec.ranks = *job_ranks_;
        origins_["ranks"] = {Level::kDerived, kJobOrigin};
      }
      return;
    }
    const auto hosts = spec.hosts[0] == '@'
                           ? ReadHostFile(ResolveUserPath(spec.hosts.substr(1)))
                           : ParseHostList(spec.hosts);
    if (!hosts.ok()) {
      AddProblem("--hosts: ", hosts.status().message());
      return;
    }
    spec.hosts = HostListText(*hosts);
    const int64_t ranks = RanksOnAll(*hosts);
    if (OriginOf("ranks").level != Level::kDefault && spec.ranks != ranks) {
      AddProblem("--ranks=", spec.ranks, " contradicts --hosts, which has ",
                 ranks);
    }
    spec.ranks = ranks;
    origins_["ranks"] = OriginOf("hosts");
  }

  // What the regime and the optimizer's options are together.
  void CheckOptimizer() {
    ExperimentSpec& spec = command_.spec;
    const size_t before = problems_.size();
    spec.regime_phases = ParseRegime(spec.regime, spec.epochs, &problems_);
    if (problems_.size() != before) return;
    if (spec.nesterov && spec.optimizer != "SGD") {
      AddProblem("--nesterov is SGD's; --optimizer is ", spec.optimizer);
      return;
    }
    const absl::Status valid =
        Regime(OptimizerOf(spec), spec.regime_phases).Validate();
    if (!valid.ok()) AddProblem(valid.message());
  }

  void CheckPlausible() {
    const ExperimentSpec& spec = command_.spec;
    struct Fit {
      const char *dataset, *model, *shape;
    };
    const Fit fits[] = {{"mnist", "mnistnet", "1x28x28"},
                        {"cifar10", "resnet", "3x32x32"},
                        {"candle", "candlenet", "1x1x60483"}};
    for (const Fit& data : fits) {
      for (const Fit& reader : fits) {
        if (data.dataset == spec.dataset && reader.model == spec.model &&
            data.model != reader.model) {
          AddProblem("--model=", spec.model, " reads ", reader.shape,
                     " samples, --dataset=", spec.dataset, " has ", data.shape,
                     "; choose --model=", data.model);
        }
      }
    }
    if (spec.dataset == "candle" && spec.augment == "standard") {
      AddProblem("--augment=standard is for images; --dataset=candle has none");
    }
    if (spec.check_collectives && spec.reduction == "nccl") {
      AddProblem(
          "--check-collectives contradicts --reduction=nccl: it compares the "
          "calls on host memory only");
    }
    if (spec.eval_batch_size == 0) {
      AddProblem(
          "--eval-batch-size: expected -1 or an integer from 1, "
          "found '0'");
    }
    if (!(spec.gradient_predivide_factor >= 1e-9 &&
          spec.gradient_predivide_factor <= 1e9)) {
      AddProblem(
          "--gradient-predivide-factor: expected a number from 1e-9 to 1e9, "
          "found '",
          spec.gradient_predivide_factor, "'");
    }
    if (spec.batches_per_allreduce > 1 && spec.agent == "icarl" &&
        spec.Rehearses() && spec.agent_config.implementation == "upstream") {
      AddProblem("--batches-per-allreduce=", spec.batches_per_allreduce,
                 " contradicts 'implementation': 'upstream' of icarl, whose "
                 "loss has a mean over the whole batch");
    }
    if (spec.results_dir.empty()) {
      AddProblem("--results-dir: expected a folder, found ''");
    }
    // One that a nearer source's scenario leaves without a use is not meant.
    const Level num_tasks = KeyLevel(DictFlag::kTasksets, "num_tasks");
    if (spec.tasksets.scenario == "class" && num_tasks > Level::kDefault &&
        num_tasks >= KeyLevel(DictFlag::kTasksets, "scenario")) {
      AddProblem(
          "--tasksets-config: 'num_tasks' has no meaning in the class "
          "scenario, whose tasks follow from 'increment' (classes a task); "
          "give 'increment', or 'scenario': 'instance'");
    }
    constexpr int64_t kMostOfAClass = 1'000'000'000;
    for (const auto& [key, value] :
         {std::pair("num_representatives",
                    spec.agent_config.num_representatives),
          std::pair("num_candidates", spec.agent_config.num_candidates),
          std::pair("num_samples",
                    spec.agent_config.num_samples.value_or(0))}) {
      if (value > kMostOfAClass) {
        AddProblem("--agent-config: '", key, "': expected at most ",
                   kMostOfAClass, ", found ", value);
      }
    }
    if (spec.HasBuffer() && spec.buffer == "local" &&
        spec.capacity == "global" &&
        spec.agent_config.num_representatives < spec.ranks) {
      AddProblem("'num_representatives': ",
                 spec.agent_config.num_representatives, " over ", spec.ranks,
                 " ranks leave some of their local buffers without a place; "
                 "use --capacity=per-rank or --buffer=distributed");
    }
    if (spec.agent == "nil" && spec.Rehearses() && spec.buffer == "local" &&
        spec.global_candidates.has_value() &&
        *spec.global_candidates < spec.ranks) {
      AddProblem("--global-candidates=", *spec.global_candidates,
                 " leaves some of the ", spec.ranks,
                 " ranks' buffers without a candidate");
    }
    if (spec.global_batch_size.has_value() &&
        (spec.ranks - 1) / spec.batches_per_allreduce >=
            *spec.global_batch_size) {
      AddProblem("--global-batch-size=", *spec.global_batch_size,
                 " leaves some of the ", spec.ranks, " ranks without a sample");
    }
  }

  void CheckFolders() {
    namespace fs = std::filesystem;
    ExperimentSpec& spec = command_.spec;
    const fs::path within = fs::path(spec.save_dir).lexically_normal();
    if (!within.empty() && *within.begin() == "..") {
      AddProblem("--save-dir: expected a folder within --results-dir, found '",
                 spec.save_dir, "'; name another parent by --results-dir");
    }
    if (file_in_use_ && spec.ranks > 1 && !job_ranks_.has_value() &&
        IsReadOnce(ResolveUserPath(spec.yaml_config))) {
      AddProblem("--yaml-config: ", spec.yaml_config,
                 " can be read once only, and each of ", spec.ranks,
                 " ranks reads it; put it into a file");
    }
  }

  // Ten epochs of every default are a run that nobody asked for. The verb run
  // does ask, as does a target of its own.
  bool AsksNothing() const {
    return arguments_.empty() && experiment_.preset.empty() && !file_in_use_;
  }

  void RecordSettings() {
    for (const Flag& flag : Flags()) {
      if (flag.name == "help" || flag.name == "print-config") continue;
      if (const DictFlag* which = std::get_if<DictFlag>(&flag.destination)) {
        RecordDict(flag.name, *which);
        continue;
      }
      command_.spec.settings.push_back({flag.name,
                                        FlagValueJson(flag, command_.spec),
                                        OriginOf(flag.name).text});
    }
  }

  void RecordDict(const std::string& name, DictFlag which) {
    const LiteralDict& given = dicts_[which].dict;
    LiteralValue literal;
    literal.value = given.empty() ? std::string() : ToPythonLiteral(given);
    command_.spec.dict_literals_json[name] = ToJson(literal);
    for (auto& [key, value] : ResolvedDict(which)) {
      const auto& origins = dicts_[which].origins;
      const auto found = origins.find(key);
      command_.spec.settings.push_back(
          {absl::StrCat(name, ".", key), ToJson(value),
           found == origins.end() ? "default" : found->second.text});
    }
  }

  LiteralDict ResolvedDict(DictFlag which) const {
    const ExperimentSpec& spec = command_.spec;
    const auto entry = [](const char* key, auto value) {
      LiteralValue literal;
      literal.value = std::move(value);
      return std::make_pair(std::string(key), std::move(literal));
    };
    const auto optional_entry = [&](const char* key,
                                    const std::optional<int64_t>& value) {
      return value.has_value() ? entry(key, *value)
                               : entry(key, std::monostate());
    };
    if (which == DictFlag::kTasksets) {
      const TasksetsConfig& tasksets = spec.tasksets;
      LiteralDict dict = {
          entry("scenario", tasksets.scenario),
          entry("initial_increment", tasksets.initial_increment),
          entry("increment", tasksets.increment),
          entry("num_tasks", tasksets.num_tasks),
          entry("concatenate_tasksets", tasksets.concatenate_tasksets)};
      if (tasksets.class_order_seed.has_value()) {
        dict.push_back(entry("class_order",
                             static_cast<int64_t>(*tasksets.class_order_seed)));
      } else {
        LiteralList order;
        for (const int64_t label : tasksets.class_order) {
          order.push_back(entry("", label).second);
        }
        dict.push_back(order.empty() ? entry("class_order", std::monostate())
                                     : entry("class_order", order));
      }
      return dict;
    }
    if (which == DictFlag::kAgent) {
      const AgentConfig& agent = spec.agent_config;
      return {entry("num_representatives", agent.num_representatives),
              entry("num_candidates", agent.num_candidates),
              optional_entry("num_samples", agent.num_samples),
              entry("reset_state_dict", agent.reset_state_dict),
              entry("implementation", agent.implementation)};
    }
    const ModelConfig& model = spec.model_config;
    return {entry("depth", model.depth), optional_entry("width", model.width),
            entry("variant", model.variant)};
  }

  // What the user gave and nothing reads.
  void AddNotesOfNoEffect() {
    const ExperimentSpec& spec = command_.spec;
    const auto given = [&](Level level) {
      return level == Level::kFile || level == Level::kCommandLine;
    };
    const auto note = [&](absl::string_view what, absl::string_view why) {
      command_.notes.push_back(absl::StrCat(what, " has no effect: ", why));
    };
    if (OriginOf("dataloader-workers").level != Level::kDefault) {
      note("--dataloader-workers", "data sets are held in memory");
    }
    if (spec.sync_batchnorm && spec.model != "resnet") {
      note("--sync-batchnorm",
           absl::StrCat(spec.model, " has no batch normalisation"));
    }
    if (spec.model != "resnet" && !dicts_[DictFlag::kModel].dict.empty()) {
      note("--model-config", absl::StrCat(spec.model, " has no options"));
    }
    for (const char* key :
         {"num_representatives", "num_candidates", "num_samples"}) {
      if (!spec.Rehearses() && given(KeyLevel(DictFlag::kAgent, key))) {
        note(absl::StrCat("'", key, "' in --agent-config"),
             absl::StrCat(spec.scratch ? "--scratch" : "agent base",
                          " does not rehearse"));
      }
    }
    if (given(OriginOf("network").level) && spec.hosts.empty() &&
        (spec.ranks == 1 || OriginOf("ranks").text == kJobOrigin)) {
      note("--network", "this program starts no mpirun");
    }
    for (const char* flag : {"bind", "output", "reduction"}) {
      if (given(OriginOf(flag).level) && spec.ranks == 1) {
        note(absl::StrCat("--", flag), "there is one rank");
      }
    }
    if (given(OriginOf("momentum").level) && spec.optimizer != "SGD" &&
        spec.optimizer != "RMSprop") {
      note("--momentum", absl::StrCat(spec.optimizer, " has none"));
    }
    if (given(OriginOf("warmup-epochs").level) &&
        (spec.ranks * spec.batches_per_allreduce == 1 ||
         spec.lr_scaling == "none")) {
      note("--warmup-epochs",
           "it leads from --lr to what --lr-scaling=linear makes of it");
    }
    if (spec.Rehearses() && !spec.AppendsToBatches()) {
      for (const char* key : {"num_candidates", "num_samples"}) {
        if (given(KeyLevel(DictFlag::kAgent, key))) {
          note(absl::StrCat("'", key, "' in --agent-config"),
               "iCaRL's exemplars join the epoch");
        }
      }
      for (const char* flag : {"global-representatives", "global-candidates"}) {
        if (given(OriginOf(flag).level)) {
          note(absl::StrCat("--", flag), "iCaRL's exemplars join the epoch");
        }
      }
    }
    for (const char* flag :
         {"buffer", "buffer-memory", "rehearsal", "capacity"}) {
      if (!spec.HasBuffer() && given(OriginOf(flag).level)) {
        note(absl::StrCat("--", flag),
             spec.Rehearses() ? "iCaRL's exemplars are rows of the data set"
             : spec.scratch   ? "--scratch does not rehearse"
                              : "agent base does not rehearse");
      }
    }
    if (spec.agent == "er" && given(OriginOf("global-candidates").level)) {
      note("--global-candidates", "er offers every incoming sample");
    }
    if (spec.agent != "icarl" && !spec.agent_config.implementation.empty() &&
        given(KeyLevel(DictFlag::kAgent, "implementation"))) {
      note("'implementation' in --agent-config",
           absl::StrCat("agent ", spec.agent, " has one only"));
    }
    if (spec.profile == "upstream" && spec.agent == "nil" && !spec.evaluate) {
      command_.notes.push_back(
          "--profile=upstream without evaluation: no network is selected on "
          "test loss at a task's start");
    }
    for (const RegimePhase& phase : spec.regime_phases) {
      if (phase.from_epoch.value_or(0) < spec.epochs) continue;
      note(absl::StrCat("--regime from epoch ", *phase.from_epoch, " on"),
           absl::StrCat("a task has ", spec.epochs, " epochs"));
    }
  }

  void AddNotes() {
    const ExperimentSpec& spec = command_.spec;
    AddNotesOfNoEffect();
    if (file_in_use_) {
      command_.notes.push_back(absl::StrCat("configuration read from ",
                                            spec.yaml_config, ", section ",
                                            spec.config));
    }
  }

  void ResolvePaths() {
    for (const Flag& flag : Flags()) {
      if (!flag.is_path) continue;
      std::string& path =
          command_.spec.*
          std::get<std::string ExperimentSpec::*>(flag.destination);
      path = ResolveUserPath(path);
    }
    std::string& save_dir = command_.spec.save_dir;
    if (absl::StartsWith(save_dir, "~")) save_dir = ResolveUserPath(save_dir);
  }

  const std::vector<std::string>& arguments_;
  const Experiment& experiment_;
  const std::optional<int64_t> job_ranks_;
  ParsedCommand command_;
  std::vector<std::string> problems_;
  std::map<Level, std::vector<Given>> given_;
  std::map<std::string, Origin> origins_;
  std::map<DictFlag, MergedDict> dicts_;
  bool print_config_ = false;
  bool no_cuda_ = false;
  bool file_in_use_ = false;
  bool file_is_named_ = false;
};

}  // namespace

absl::StatusOr<ParsedCommand> ParseCommandLine(
    const std::vector<std::string>& arguments, const Experiment& experiment,
    std::optional<int64_t> job_ranks) {
  return CommandParser(arguments, experiment, job_ranks).Parse();
}

std::vector<std::string> ArgumentsOfRanks(std::vector<std::string> arguments,
                                          const ExperimentSpec& spec) {
  if (spec.hosts.empty()) return arguments;
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
  arguments.push_back("--hosts=" + spec.hosts);
  return arguments;
}

std::vector<std::string> FlagNames() {
  std::vector<std::string> names;
  for (const Flag& flag : Flags()) names.push_back(flag.name);
  return names;
}

}  // namespace reprise
