// A setting: one value of the ExperimentSpec that users can give, bound once to
// the field of a component's Options that it fills. Parsing, --help,
// --print-config, configuration files, args.json, the comparison over ranks and
// the notes on what has no effect follow from the binding; the default is the
// field's own.
//
//   const Bind<TrainingSettings> training(&ExperimentSpec::training);
//   training("epochs", &TrainingSettings::epochs, "N", "per task").From(1)
#ifndef REPRISE_LAUNCH_SETTINGS_SETTING_H_
#define REPRISE_LAUNCH_SETTINGS_SETTING_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "launch/cli/dict_keys.h"
#include "launch/cli/enum_names.h"
#include "launch/cli/literal_value.h"
#include "launch/cli/value_text.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// Why a setting that was given has no effect; empty where it has one.
using UnusedReason = std::function<std::string(const ExperimentSpec&)>;

// A key of a *-config flag.
struct SettingKey {
  DictKey<ExperimentSpec> key;
  std::string help;  // in that of its flag, behind the key's name and default
  std::string unit;  // of the default: "per class"
  UnusedReason unused;

  SettingKey Help(std::string text) && {
    return help = std::move(text), std::move(*this);
  }
  SettingKey Unit(std::string text) && {
    return unit = std::move(text), std::move(*this);
  }
  SettingKey Unused(UnusedReason reason) && {
    return unused = std::move(reason), std::move(*this);
  }
};

struct Setting {
  std::string name;  // with hyphens, without "--"
  std::vector<std::string> aliases;
  std::string metavar;  // "N", "FILE"; empty for bools
  std::string help;
  std::string heading;   // of its group in --help
  std::string position;  // the setting that --help shows it behind, if not the
                         // one before it in its component
  ValueRange range;      // of numbers
  std::vector<std::string> choices;  // empty: any
  bool is_bool = false;
  bool is_negatable = true;  // of a bool: --no-x
  bool is_inverted = false;  // named no-x in upstream's way: the field is x
  bool is_built = true;      // false: of upstream's, and no code serves it yet
  bool is_recorded = true;   // in --print-config and its like
  bool is_in_files = true;   // false: on the command line only
  bool takes_list = false;   // also a list of a configuration file
  std::vector<SettingKey> keys;  // of a *-config, which takes a dict of them

  // Stores what `text` says. UsageError "expected ..., found ..." when it has a
  // wrong type, is out of range or not built yet. Not with keys.
  std::function<absl::Status(const Setting&, absl::string_view text,
                             ExperimentSpec*)>
      store;
  // As a command line gives it; nullopt for an optional that is not set. Not
  // with keys.
  std::function<std::optional<std::string>(const Setting&,
                                           const ExperimentSpec&)>
      text;
  // As JSON; "null" for an optional that is not set. Not with keys.
  std::function<std::string(const Setting&, const ExperimentSpec&)> json;
  // Asked where a file or the command line gives it; with keys, where any
  // source gives one.
  UnusedReason unused;
  // Of a path: the field, to be resolved.
  std::function<std::string*(ExperimentSpec*)> path;

  // So that tables read as sentences.
  Setting From(double value) && {
    return range.least = value, std::move(*this);
  }
  Setting UpTo(double value) && { return range.most = value, std::move(*this); }
  Setting Below(double value) && {
    return range.most = value, std::move(*this);
  }
  Setting Alias(std::string alias) && {
    return aliases.push_back(std::move(alias)), std::move(*this);
  }
  Setting Behind(std::string other) && {
    return position = std::move(other), std::move(*this);
  }
  Setting Inverted() && { return is_inverted = true, std::move(*this); }
  Setting NotNegatable() && { return is_negatable = false, std::move(*this); }
  Setting NotRecorded() && { return is_recorded = false, std::move(*this); }
  Setting NotInFiles() && { return is_in_files = false, std::move(*this); }
  Setting TakesList() && { return takes_list = true, std::move(*this); }
  Setting Unused(UnusedReason reason) && {
    return unused = std::move(reason), std::move(*this);
  }
};

// The rules of each type of field.
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       bool* field);
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       int64_t* field);
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       uint64_t* field);
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       double* field);
// One of the setting's choices, where it has any.
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       std::string* field);
absl::Status StoreText(const Setting& setting, absl::string_view text,
                       std::optional<int64_t>* field);

template <typename Enum>
std::enable_if_t<std::is_enum<Enum>::value, absl::Status> StoreText(
    const Setting& setting, absl::string_view text, Enum* field) {
  std::string name;
  const absl::Status status = StoreText(setting, text, &name);
  if (status.ok()) *field = ValueOf<Enum>(name);
  return status;
}

// As JSON.
std::string FieldJson(const Setting& setting, bool field);
std::string FieldJson(const Setting& setting, uint64_t field);
template <typename Field>
std::string FieldJson(const Setting& /*setting*/, const Field& field) {
  return ToJson(LiteralOf(field));
}

// As `StoreText` takes it.
template <typename Field>
std::optional<std::string> FieldText(const Setting& setting,
                                     const Field& field) {
  if constexpr (std::is_enum<Field>::value) {
    return std::string(NameOf(field));
  } else if constexpr (std::is_same<Field, std::string>::value) {
    return field;
  } else if constexpr (std::is_same<Field, std::optional<int64_t>>::value) {
    if (!field.has_value()) return std::nullopt;
    return FieldJson(setting, *field);
  } else {
    return FieldJson(setting, field);
  }
}

// Binds the fields of one component's Options.
template <typename Options>
class Bind {
 public:
  explicit constexpr Bind(Options ExperimentSpec::*component)
      : component_(component) {}

  template <typename Field>
  Setting operator()(const char* name, Field Options::*field,
                     const char* metavar, const char* help) const {
    const auto component = component_;
    Setting setting;
    setting.name = name;
    setting.metavar = metavar;
    setting.help = help;
    setting.is_bool = std::is_same<Field, bool>::value;
    if constexpr (std::is_enum<Field>::value) {
      setting.choices = AllNames<Field>();
    }
    setting.store = [component, field](const Setting& own,
                                       absl::string_view text,
                                       ExperimentSpec* spec) {
      return StoreText(own, text, &(spec->*component.*field));
    };
    setting.text = [component, field](const Setting& own,
                                      const ExperimentSpec& spec) {
      return FieldText(own, spec.*component.*field);
    };
    setting.json = [component, field](const Setting& own,
                                      const ExperimentSpec& spec) {
      return FieldJson(own, spec.*component.*field);
    };
    return setting;
  }

  // A bool: the flag that says so.
  Setting operator()(const char* name, bool Options::*field,
                     const char* help) const {
    return (*this)(name, field, "", help);
  }

  // One of `choices`, the names of a table's rows.
  Setting OneOf(const char* name, std::string Options::*field,
                const char* metavar, const char* help,
                std::vector<std::string> choices) const {
    Setting setting = (*this)(name, field, metavar, help);
    setting.choices = std::move(choices);
    return setting;
  }

  // A file or a folder, as ResolveUserPath takes it.
  Setting Path(const char* name, std::string Options::*field,
               const char* metavar, const char* help) const {
    Setting setting = (*this)(name, field, metavar, help);
    const auto component = component_;
    setting.path = [component, field](ExperimentSpec* spec) {
      return &(spec->*component.*field);
    };
    return setting;
  }

  template <typename Field>
  SettingKey Key(const char* name, Field Options::*field,
                 double least = 0) const {
    return {OfPart(component_, BindKey(name, field, least)), "", "", nullptr};
  }

  // Of a struct within the component: of one method or one model alone.
  template <typename Part, typename Field>
  SettingKey Key(const char* name, Part Options::*part, Field Part::*field,
                 double least = 0) const {
    return {OfPart(component_, OfPart(part, BindKey(name, field, least))), "",
            "", nullptr};
  }

 private:
  Options ExperimentSpec::*component_;
};

// `keys` of the row `owner` of a table of which one is `chosen`: those that do
// not say themselves when they have no effect have none with another.
std::vector<SettingKey> KeysOf(const std::string& owner,
                               std::vector<SettingKey> keys,
                               std::string (*chosen)(const ExperimentSpec&));

// A *-config flag of `keys`; their names, defaults and help are its help behind
// `prefix`.
Setting DictSetting(const char* name, const char* prefix,
                    std::vector<SettingKey> keys);

// A flag of upstream's that no code serves yet: only its default is taken.
Setting UnbuiltSetting(const char* name, const char* default_text,
                       const char* help, std::vector<std::string> choices = {});
Setting UnbuiltBool(const char* name, const char* help);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_SETTING_H_
