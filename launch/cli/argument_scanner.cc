#include "launch/cli/argument_scanner.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "launch/cli/value_text.h"

namespace reprise {
namespace {

bool IsUtf8(absl::string_view text) {
  return FindInvalidUtf8(text) == absl::string_view::npos;
}

class Scanner {
 public:
  Scanner(const std::vector<std::string>& arguments, const FlagNames& names,
          const VerbNames* verbs)
      : arguments_(arguments), names_(names), verbs_(verbs) {}

  ScannedArguments Scan() {
    while (next_ < arguments_.size()) {
      const size_t i = next_++;
      const std::string& argument = arguments_[i];
      const FlagSyntax* const bare_bool = std::exchange(bare_bool_, nullptr);
      if (!IsUtf8(argument)) {
        AddProblem("argument ", i + 1, " '", Printable(argument),
                   "' is not UTF-8");
        bare_bool_ = bare_bool;
      } else if (!absl::StartsWith(argument, "--") || argument == "--") {
        TakeStray(i, bare_bool);
      } else {
        TakeFlag(argument);
      }
    }
    return std::move(scanned_);
  }

 private:
  template <typename... Pieces>
  void AddProblem(const Pieces&... pieces) {
    scanned_.problems.push_back(absl::StrCat(pieces...));
  }

  void TakeFlag(const std::string& argument) {
    const size_t equals = argument.find('=');
    const bool has_value = equals != std::string::npos;
    const std::string written = argument.substr(0, equals);
    const FlagNames::Match match = names_.Find(written.substr(2));
    if (match.flag == nullptr) {
      AddProblem(Printable(written), ": unknown flag",
                 names_.Suggest(written, "--"));
      // Its value, probably.
      if (!has_value && next_ < arguments_.size() &&
          !absl::StartsWith(arguments_[next_], "-")) {
        ++next_;
      }
      return;
    }
    std::string text;
    if (has_value) {
      text = argument.substr(equals + 1);
    } else if (match.flag->is_bool) {
      text = "true";
      bare_bool_ = match.flag;
    } else if (!TakeNextWord(written, *match.flag, &text)) {
      return;
    }
    if (match.flag->is_bool && match.negated) {
      const absl::StatusOr<bool> value = ParseBool(text);
      if (value.ok()) text = *value ? "false" : "true";
    }
    const auto [first, is_first] = seen_.emplace(match.flag, written);
    if (!is_first) {
      AddProblem(written, ": given twice",
                 first->second == written
                     ? std::string()
                     : absl::StrCat(", first as ", first->second));
      return;
    }
    scanned_.flags.push_back({match.flag, written, std::move(text)});
  }

  bool TakeNextWord(const std::string& written, const FlagSyntax& flag,
                    std::string* text) {
    if (next_ >= arguments_.size() ||
        absl::StartsWith(arguments_[next_], "--")) {
      AddProblem(written, ": expected a value (", flag.metavar, ")");
      return false;
    }
    *text = arguments_[next_++];
    if (IsUtf8(*text)) return true;
    AddProblem(written, ": '", Printable(*text), "' is not UTF-8");
    return false;
  }

  // A word that is neither a flag nor a flag's value. `bare_bool` stands before
  // it.
  void TakeStray(size_t i, const FlagSyntax* bare_bool) {
    const std::string& argument = arguments_[i];
    if (verbs_ != nullptr && i == 0 && argument == verbs_->own) return;
    if (argument == "--") {
      AddProblem("--: only \"bazel run\" needs it; leave it out here");
    } else if (verbs_ == nullptr && argument == "-") {
      scanned_.words.push_back(argument);
    } else if (absl::StartsWith(argument, "-")) {
      AddProblem(Printable(argument), ": flags begin with two hyphens");
    } else if (bare_bool != nullptr && ParseBool(argument).ok()) {
      AddProblem("'", argument, "': expected nothing after --", bare_bool->name,
                 "; write --", bare_bool->name, "=", argument);
    } else if (verbs_ == nullptr) {
      scanned_.words.push_back(argument);
    } else if (i == 0) {
      AddUnknownVerb(argument);
    } else {
      AddProblem("'", Printable(argument), "': expected a flag");
    }
  }

  // "a", "a and b", "a, b and c".
  static std::string Listed(const std::vector<std::string>& names) {
    const std::vector<std::string> first(names.begin(), names.end() - 1);
    return absl::StrCat(absl::StrJoin(first, ", "),
                        first.empty() ? "" : " and ", names.back());
  }

  void AddUnknownVerb(const std::string& argument) {
    std::vector<std::string> built = {verbs_->own};
    built.insert(built.end(), verbs_->done.begin(), verbs_->done.end());
    const std::vector<std::string>& to_come = verbs_->to_come;
    if (std::find(to_come.begin(), to_come.end(), argument) != to_come.end()) {
      AddProblem(argument, ": not built yet; the verbs are ", Listed(built),
                 " (to come: ", absl::StrJoin(to_come, ", "), ")");
      return;
    }
    std::vector<std::string> all = to_come;
    all.insert(all.end(), built.begin(), built.end());
    AddProblem("'", Printable(argument), "': unknown verb; there are ",
               Listed(built), DidYouMean(argument, all));
  }

  const std::vector<std::string>& arguments_;
  const FlagNames& names_;
  const VerbNames* const verbs_;  // nullptr: words are taken
  size_t next_ = 0;
  const FlagSyntax* bare_bool_ = nullptr;  // the word before, without a value
  std::map<const FlagSyntax*, std::string> seen_;
  ScannedArguments scanned_;
};

}  // namespace

ScannedArguments ScanArguments(const std::vector<std::string>& arguments,
                               const FlagNames& names, const VerbNames& verbs) {
  return Scanner(arguments, names, &verbs).Scan();
}

ScannedArguments ScanArgumentsAndWords(
    const std::vector<std::string>& arguments, const FlagNames& names) {
  return Scanner(arguments, names, /*verbs=*/nullptr).Scan();
}

}  // namespace reprise
