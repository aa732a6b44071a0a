#include "launch/cli/dict_keys.h"

#include <algorithm>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"

namespace reprise {

std::optional<Misfit> StoreLiteral(const LiteralValue& value, double /*least*/,
                                   bool* field) {
  const bool* found = std::get_if<bool>(&value.value);
  if (found == nullptr) return Misfit{value, "True or False", ""};
  *field = *found;
  return std::nullopt;
}

std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   int64_t* field) {
  const int64_t* found = std::get_if<int64_t>(&value.value);
  if (found == nullptr || *found < least) {
    return Misfit{value, absl::StrCat("an int from ", least), ""};
  }
  *field = *found;
  return std::nullopt;
}

std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   double* field) {
  std::optional<double> found;
  if (const int64_t* integer = std::get_if<int64_t>(&value.value)) {
    found = static_cast<double>(*integer);
  } else if (const double* number = std::get_if<double>(&value.value)) {
    found = *number;
  }
  if (!found.has_value() || *found < least) {
    return Misfit{value, absl::StrCat("a number from ", least), ""};
  }
  *field = *found;
  return std::nullopt;
}

std::optional<Misfit> StoreName(const LiteralValue& value,
                                const std::vector<std::string>& names,
                                bool any_case, std::string* name) {
  const std::string* found = std::get_if<std::string>(&value.value);
  if (found != nullptr) {
    for (const std::string& known : names) {
      if (any_case ? absl::EqualsIgnoreCase(*found, known) : *found == known) {
        *name = known;
        return std::nullopt;
      }
    }
  }
  return Misfit{value,
                absl::StrCat("one of '", absl::StrJoin(names, "', '"), "'"),
                found == nullptr ? "" : DidYouMean(*found, names)};
}

std::string MisfitProblem(absl::string_view context, const std::string& key,
                          const Misfit& misfit) {
  return absl::StrCat(context, ": ", misfit.found.where, ": '", key,
                      "': expected ", misfit.expected, ", found ",
                      Printable(ToPythonLiteral(misfit.found)), misfit.hint);
}

void AddUnknownKeys(const LiteralDict& dict,
                    const std::vector<std::string>& known,
                    absl::string_view context,
                    std::vector<std::string>* problems) {
  for (const auto& [key, value] : dict) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string hint = DidYouMean(key, known);
    problems->push_back(absl::StrCat(
        context, ": ", value.where, ": unknown key '", Printable(key), "'",
        hint.empty() ? absl::StrCat("; known are ", absl::StrJoin(known, ", "))
                     : hint));
  }
}

}  // namespace reprise
