#include "launch/settings/setting.h"

#include <cmath>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/utf8.h"

namespace reprise {
namespace {

template <typename T>
absl::Status Take(absl::StatusOr<T> value, T* field) {
  if (value.ok()) *field = *std::move(value);
  return value.status();
}

absl::Status StoreUnbuilt(const Setting& setting,
                          const std::string& default_text,
                          absl::string_view text) {
  double value = 0, default_value = 0;
  bool same = absl::EqualsIgnoreCase(text, default_text);
  if (setting.is_bool) {
    REPRISE_ASSIGN_OR_RETURN(const bool given, ParseBool(text));
    same = !given;
  } else if (!setting.choices.empty()) {
    REPRISE_RETURN_IF_ERROR(ParseChoice(text, setting.choices).status());
  } else if (absl::SimpleAtod(default_text, &default_value) &&
             absl::SimpleAtod(text, &value)) {
    same = value == default_value;
  }
  if (same) return absl::OkStatus();
  return UsageError(setting.is_bool || default_text.empty()
                        ? "not built yet"
                        : absl::StrCat("'", Printable(text),
                                       "' is not built yet; only ",
                                       default_text, " is"));
}

// "num_representatives [6000 per class]".
std::string KeyHelp(const SettingKey& key) {
  const LiteralValue value = key.key.write(ExperimentSpec());
  std::string shown = ToPythonLiteral(value);
  for (const char* nothing : {"None", "0", "''"}) {
    if (shown == nothing) shown.clear();
  }
  if (!key.unit.empty()) absl::StrAppend(&shown, " ", key.unit);
  return absl::StrCat(key.key.name,
                      shown.empty() ? "" : absl::StrCat(" [", shown, "]"),
                      key.help.empty() ? "" : " ", key.help);
}

}  // namespace

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       bool* field) {
  REPRISE_ASSIGN_OR_RETURN(const bool given, ParseBool(text));
  *field = given != setting.is_inverted;
  return absl::OkStatus();
}

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       int64_t* field) {
  return Take(ParseInteger(text, setting.range), field);
}

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       uint64_t* field) {
  return Take(ParseUnsigned(text, setting.range), field);
}

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       double* field) {
  return Take(ParseNumber(text, setting.range), field);
}

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       std::string* field) {
  if (!setting.choices.empty()) {
    return Take(ParseChoice(text, setting.choices), field);
  }
  *field = std::string(text);
  return absl::OkStatus();
}

absl::Status StoreText(const Setting& setting, absl::string_view text,
                       std::optional<int64_t>* field) {
  int64_t value = 0;
  REPRISE_RETURN_IF_ERROR(StoreText(setting, text, &value));
  *field = value;
  return absl::OkStatus();
}

std::string FieldJson(const Setting& setting, bool field) {
  return field != setting.is_inverted ? "true" : "false";
}

std::string FieldJson(const Setting& /*setting*/, uint64_t field) {
  return absl::StrCat(field);
}

std::vector<SettingKey> KeysOf(const std::string& owner,
                               std::vector<SettingKey> keys,
                               std::string (*chosen)(const ExperimentSpec&)) {
  for (SettingKey& key : keys) {
    if (key.unused != nullptr) continue;
    key.unused = [owner, chosen](const ExperimentSpec& spec) -> std::string {
      const std::string name = chosen(spec);
      if (name == owner) return "";
      return absl::StrCat("it is ", owner, "'s, not ", name, "'s");
    };
  }
  return keys;
}

Setting DictSetting(const char* name, const char* prefix,
                    std::vector<SettingKey> keys) {
  Setting setting;
  setting.name = name;
  setting.metavar = "DICT";
  setting.help = absl::StrCat(
      prefix,
      absl::StrJoin(keys, ", ", [](std::string* out, const SettingKey& key) {
        out->append(KeyHelp(key));
      }));
  setting.keys = std::move(keys);
  return setting;
}

Setting UnbuiltSetting(const char* name, const char* default_text,
                       const char* help, std::vector<std::string> choices) {
  Setting setting;
  setting.name = name;
  setting.metavar = "X";
  setting.help = help;
  setting.choices = std::move(choices);
  setting.is_built = false;
  setting.store = [text = std::string(default_text)](const Setting& own,
                                                     absl::string_view given,
                                                     ExperimentSpec* /*spec*/) {
    return StoreUnbuilt(own, text, given);
  };
  setting.text = [text = std::string(default_text)](
                     const Setting& /*own*/, const ExperimentSpec& /*spec*/) {
    return std::optional<std::string>(text);
  };
  setting.json = [text = std::string(default_text)](
                     const Setting& own, const ExperimentSpec& /*spec*/) {
    double number = 0;
    return own.is_bool || absl::SimpleAtod(text, &number)
               ? text
               : ToJson(LiteralOf(text));
  };
  return setting;
}

Setting UnbuiltBool(const char* name, const char* help) {
  Setting setting = UnbuiltSetting(name, "false", help);
  setting.metavar = "";
  setting.is_bool = true;
  return setting;
}

}  // namespace reprise
