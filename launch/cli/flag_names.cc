#include "launch/cli/flag_names.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/nearest_name.h"

namespace reprise {

FlagNames::FlagNames(std::vector<FlagSyntax> flags)
    : flags_(std::move(flags)) {}

const FlagSyntax* FlagNames::FindExact(absl::string_view name) const {
  const std::string hyphens = absl::StrReplaceAll(name, {{"_", "-"}});
  for (const FlagSyntax& flag : flags_) {
    if (flag.name == hyphens ||
        std::find(flag.aliases.begin(), flag.aliases.end(), hyphens) !=
            flag.aliases.end()) {
      return &flag;
    }
  }
  return nullptr;
}

FlagNames::Match FlagNames::Find(absl::string_view written) const {
  if (const FlagSyntax* flag = FindExact(written)) return {flag, false};
  if (const FlagSyntax* flag = FindExact(absl::StrCat("no-", written))) {
    return {flag, true};
  }
  for (const absl::string_view prefix : {"no-", "no_", "no"}) {
    if (!absl::StartsWith(written, prefix)) continue;
    const FlagSyntax* flag = FindExact(written.substr(prefix.size()));
    if (flag != nullptr && flag->is_bool && flag->can_be_negated) {
      return {flag, true};
    }
  }
  return {};
}

std::string FlagNames::Suggest(absl::string_view written,
                               absl::string_view prefix) const {
  std::vector<std::string> names;
  for (const FlagSyntax& flag : flags_) {
    names.push_back(absl::StrCat(prefix, flag.name));
  }
  return DidYouMean(absl::StrReplaceAll(written, {{"_", "-"}}), names);
}

}  // namespace reprise
