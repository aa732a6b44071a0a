#include "launch/settings/resolve/given_settings.h"

#include <cstdint>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "launch/cli/dict_keys.h"
#include "launch/cli/dict_literal.h"
#include "launch/cli/enum_names.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

std::vector<DictKey<ExperimentSpec>> KeysOf(const Setting& setting) {
  std::vector<DictKey<ExperimentSpec>> keys;
  for (const SettingKey& key : setting.keys) keys.push_back(key.key);
  return keys;
}

absl::StatusOr<LiteralDict> DictOf(const GivenSetting& given) {
  if (given.dict.has_value()) return *given.dict;
  if (absl::StripAsciiWhitespace(given.text).empty()) return LiteralDict();
  return ParseDictLiteral(given.text);
}

void MergeDict(const GivenSetting& given, ResolvedSettings& resolved) {
  absl::StatusOr<LiteralDict> dict = DictOf(given);
  if (!dict.ok()) {
    resolved.AddProblem(given.name_in_messages, ": ", dict.status().message());
    return;
  }
  const size_t problems_before = resolved.problems.size();
  // Checked here, where the message can say which source is wrong.
  ExperimentSpec scratch_pad = resolved.spec;
  ReadDict(*dict, KeysOf(*given.setting), given.name_in_messages, &scratch_pad,
           &resolved.problems);
  if (resolved.problems.size() != problems_before) return;
  for (auto& [key, value] : *dict) {
    resolved.SetKey(given.setting->name, key, std::move(value), given.origin);
  }
}

void MergeOne(const GivenSetting& given, ResolvedSettings& resolved) {
  const Setting& setting = *given.setting;
  if (!setting.keys.empty()) return MergeDict(given, resolved);
  const absl::Status stored =
      setting.store(setting, given.text, &resolved.spec);
  if (!stored.ok()) {
    resolved.AddProblem(given.name_in_messages, ": ", stored.message());
    return;
  }
  resolved.origins[setting.name] = given.origin;
}

// The last source that names one holds, as for all keys. What is wrong with a
// dict is told where it is merged.
int64_t DepthOfResnet(const GivenSettings& given) {
  ExperimentSpec spec;
  for (const auto* source : {&given.preset, &given.file, &given.command_line}) {
    for (const GivenSetting& one : *source) {
      const absl::StatusOr<LiteralDict> dict =
          one.setting->name == "model-config" ? DictOf(one) : LiteralDict();
      if (!dict.ok()) continue;
      for (const auto& [name, value] : *dict) {
        const int64_t* number = std::get_if<int64_t>(&value.value);
        if (name == "depth" && number != nullptr) {
          spec.model.resnet.depth = *number;
        }
      }
    }
  }
  return spec.model.resnet.depth;
}

}  // namespace

std::string GivenSettings::TextOf(absl::string_view name) const {
  std::string text;
  for (const auto* source : {&preset, &file, &command_line}) {
    for (const GivenSetting& given : *source) {
      if (given.setting->name == name) text = given.text;
    }
  }
  return text;
}

const GivenSetting* FindGiven(const std::vector<GivenSetting>& given,
                              absl::string_view name) {
  for (const GivenSetting& one : given) {
    if (one.setting->name == name) return &one;
  }
  return nullptr;
}

std::vector<GivenSetting> GivenOnCommandLine(
    const std::vector<ScannedFlag>& flags) {
  std::vector<GivenSetting> all;
  for (const ScannedFlag& flag : flags) {
    GivenSetting given;
    given.setting = FindSetting(flag.flag->name);
    REPRISE_CHECK(given.setting != nullptr) << flag.flag->name;
    given.text = flag.text;
    given.name_in_messages = flag.written;
    given.origin = {Level::kCommandLine, "command line"};
    all.push_back(std::move(given));
  }
  return all;
}

std::vector<GivenSetting> GivenByPreset(const std::string& name,
                                        const Preset& preset,
                                        ResolvedSettings& resolved) {
  std::vector<GivenSetting> all;
  for (const auto& [flag, text] : preset) {
    GivenSetting given;
    given.setting = FindSetting(flag);
    if (given.setting == nullptr) {
      resolved.AddProblem("preset ", name, ": unknown flag ", flag);
      continue;
    }
    given.text = text;
    given.origin = {Level::kPreset, absl::StrCat("preset ", name)};
    given.name_in_messages = absl::StrCat(given.origin.text, ": ", flag);
    all.push_back(std::move(given));
  }
  return all;
}

std::vector<GivenSetting> GivenByPublication(const GivenSettings& given,
                                             ResolvedSettings& resolved) {
  ExperimentSpec spec;
  const std::string text = given.TextOf("preset");
  const Setting& preset = *FindSetting("preset");
  // What is wrong with it is told where it is merged.
  if (text.empty() || !preset.store(preset, text, &spec).ok() ||
      spec.recipe.preset == Publication::kNone) {
    return {};
  }
  const std::string name = NameOf(spec.recipe.preset);
  const std::string dataset = given.TextOf("dataset");
  resolved.notes.push_back(absl::StrCat(
      "preset ", name,
      ": the published configurations had classes in tasks of 5 and 5, their "
      "README 4, 3 and 3; --tasksets-config decides"));
  return GivenByPreset(
      name,
      PresetOfPublication(spec.recipe.preset,
                          dataset.empty() ? spec.data.dataset : dataset,
                          DepthOfResnet(given)),
      resolved);
}

void Merge(const GivenSettings& given, ResolvedSettings& resolved) {
  for (const auto* source : {&given.preset, &given.file, &given.command_line}) {
    for (const GivenSetting& one : *source) MergeOne(one, resolved);
  }
  FillKeys(resolved);
}

void FillKeys(ResolvedSettings& resolved) {
  for (const auto& [name, dict] : resolved.dicts) {
    ReadDict(dict, KeysOf(*FindSetting(name)), "", &resolved.spec,
             &resolved.problems);
  }
}

}  // namespace reprise
