#include "launch/settings/resolve/given_lines.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/utf8.h"
#include "launch/cli/flag_names.h"
#include "launch/cli/literal_value.h"
#include "launch/cli/value_text.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

// A setting, or one key of a *-config.
struct Written {
  FlagNames::Match match;
  absl::string_view key;  // empty: the setting as a whole
};

Written Find(absl::string_view written) {
  const size_t dot = written.find('.');
  if (dot == absl::string_view::npos) return {SettingNames().Find(written), ""};
  const FlagNames::Match match = SettingNames().Find(written.substr(0, dot));
  if (match.flag == nullptr || FindSetting(match.flag->name)->keys.empty()) {
    return {};
  }
  return {match, written.substr(dot + 1)};
}

// Of two keys of one *-config neither hides the other.
bool Overlap(const GivenSetting& one, const GivenSetting& other) {
  if (one.setting != other.setting) return false;
  if (!one.dict.has_value() || !other.dict.has_value()) return true;
  return std::any_of(
      one.dict->begin(), one.dict->end(), [&other](const auto& entry) {
        return std::any_of(
            other.dict->begin(), other.dict->end(),
            [&entry](const auto& own) { return own.first == entry.first; });
      });
}

class LinesReader {
 public:
  LinesReader(const std::string& file, Level level, ResolvedSettings& resolved)
      : file_(file), level_(level), resolved_(resolved) {}

  void Add(const YamlNode& line) {
    GivenSetting given;
    given.origin = {level_, absl::StrCat(file_, ":", line.line)};
    given.name_in_messages =
        absl::StrCat(given.origin.text, ": ", Printable(line.key));
    const Written written = Find(line.key);
    if (written.match.flag == nullptr) {
      resolved_.AddProblem(given.name_in_messages, ": unknown flag",
                           SettingNames().Suggest(line.key, ""));
      return;
    }
    given.setting = FindSetting(written.match.flag->name);
    if (!given.setting->is_in_files) {
      resolved_.AddProblem(given.name_in_messages,
                           ": only on the command line");
      return;
    }
    const bool has_value = written.key.empty()
                               ? TakeValue(line, written.match.negated, &given)
                               : TakeKey(line, written.key, &given);
    if (!has_value || IsGivenTwice(given)) return;
    given_.push_back(std::move(given));
  }

  std::vector<GivenSetting> Take() { return std::move(given_); }

 private:
  bool IsGivenTwice(const GivenSetting& given) {
    for (const GivenSetting& first : given_) {
      if (!Overlap(first, given)) continue;
      resolved_.AddProblem(given.name_in_messages, ": given twice, first as ",
                           first.name_in_messages);
      return true;
    }
    return false;
  }

  static bool TakeKey(const YamlNode& line, absl::string_view key,
                      GivenSetting* given) {
    if (line.value.IsNone()) return false;
    given->dict = LiteralDict{{std::string(key), line.value}};
    return true;
  }

  // False where there is none, or of a type that the setting does not take,
  // which is a problem.
  bool TakeValue(const YamlNode& line, bool negated, GivenSetting* given) {
    if (line.value.IsNone()) return false;
    const LiteralDict* dict = std::get_if<LiteralDict>(&line.value.value);
    const bool is_list = std::holds_alternative<LiteralList>(line.value.value);
    if (dict != nullptr && !given->setting->keys.empty()) {
      given->dict = *dict;
    } else if (is_list && given->setting->takes_list) {
      given->text = ToPythonLiteral(line.value);
      return true;
    } else if (dict != nullptr || is_list) {
      resolved_.AddProblem(given->name_in_messages,
                           ": expected one value, found ",
                           Printable(ToPythonLiteral(line.value)));
      return false;
    }
    given->text = line.text;
    if (negated) {
      const absl::StatusOr<bool> value = ParseBool(given->text);
      if (value.ok()) given->text = *value ? "false" : "true";
    }
    return true;
  }

  const std::string& file_;
  const Level level_;
  ResolvedSettings& resolved_;
  std::vector<GivenSetting> given_;
};

}  // namespace

std::vector<GivenSetting> GivenByLines(const std::string& file,
                                       const std::vector<YamlNode>& lines,
                                       Level level,
                                       ResolvedSettings& resolved) {
  LinesReader reader(file, level, resolved);
  for (const YamlNode& line : lines) reader.Add(line);
  return reader.Take();
}

}  // namespace reprise
