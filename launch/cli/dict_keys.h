// The keys of a dict literal, each bound once to the field of a struct that it
// fills: from that follow reading, printing and messages.
//
//   const std::vector<DictKey<Options>> keys = {
//       BindKey("depth", &Options::depth, 1),
//       BindKey("variant", &Options::variant)};
//   ReadDict(dict, keys, "--model-config", &options, &problems);
#ifndef REPRISE_LAUNCH_CLI_DICT_KEYS_H_
#define REPRISE_LAUNCH_CLI_DICT_KEYS_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "launch/cli/enum_names.h"
#include "launch/cli/literal_value.h"

namespace reprise {

// Why a value does not fit.
struct Misfit {
  LiteralValue found;
  std::string expected;
  std::string hint;  // "; did you mean NAME?" or ""
};

template <typename Options>
struct DictKey {
  std::string name;
  // Stores a value; None brings the default back. Options are as they were
  // where it does not fit.
  std::function<std::optional<Misfit>(const LiteralValue&, Options*)> read;
  std::function<LiteralValue(const Options&)> write;
};

// Stores `value`, which is not None, where it fits. Ints are at least `least`;
// numbers are ints or floats from `least`; enums are their names as text.
std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   bool* field);
std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   int64_t* field);
std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   double* field);
// One of `names`, spelled as there; `any_case`: from text in any case.
std::optional<Misfit> StoreName(const LiteralValue& value,
                                const std::vector<std::string>& names,
                                bool any_case, std::string* name);

template <typename Enum>
std::enable_if_t<std::is_enum<Enum>::value, std::optional<Misfit>> StoreLiteral(
    const LiteralValue& value, double /*least*/, Enum* field) {
  std::string name;
  std::optional<Misfit> misfit =
      StoreName(value, AllNames<Enum>(), /*any_case=*/false, &name);
  if (!misfit.has_value()) *field = ValueOf<Enum>(name);
  return misfit;
}

template <typename T>
std::optional<Misfit> StoreLiteral(const LiteralValue& value, double least,
                                   std::optional<T>* field) {
  T stored{};
  std::optional<Misfit> misfit = StoreLiteral(value, least, &stored);
  if (!misfit.has_value()) *field = stored;
  return misfit;
}

template <typename T>
LiteralValue LiteralOf(const T& field) {
  LiteralValue literal;
  if constexpr (std::is_enum<T>::value) {
    literal.value = std::string(NameOf(field));
  } else {
    literal.value = field;
  }
  return literal;
}

template <typename T>
LiteralValue LiteralOf(const std::optional<T>& field) {
  return field.has_value() ? LiteralOf(*field) : LiteralValue();
}

template <typename Options, typename Field>
DictKey<Options> BindKey(const char* name, Field Options::*field,
                         double least = 0) {
  return {
      name,
      [field, least](const LiteralValue& value,
                     Options* options) -> std::optional<Misfit> {
        if (!value.IsNone()) {
          return StoreLiteral(value, least, &(options->*field));
        }
        options->*field = Options().*field;
        return std::nullopt;
      },
      [field](const Options& options) { return LiteralOf(options.*field); }};
}

// The same key of a struct that has `Options` as `part`.
template <typename Whole, typename Options>
DictKey<Whole> OfPart(Options Whole::*part, DictKey<Options> key) {
  return {std::move(key.name),
          [part, read = std::move(key.read)](const LiteralValue& value,
                                             Whole* whole) {
            return read(value, &(whole->*part));
          },
          [part, write = std::move(key.write)](const Whole& whole) {
            return write(whole.*part);
          }};
}

// "CONTEXT: column 3: 'KEY': expected ..., found ...".
std::string MisfitProblem(absl::string_view context, const std::string& key,
                          const Misfit& misfit);

// A problem for each key of `dict` that is not in `known`.
void AddUnknownKeys(const LiteralDict& dict,
                    const std::vector<std::string>& known,
                    absl::string_view context,
                    std::vector<std::string>* problems);

// Stores all that fits and appends a line for each that does not, first those
// of known keys in their order. Absent keys leave their fields alone.
template <typename Options>
void ReadDict(const LiteralDict& dict,
              const std::vector<DictKey<Options>>& keys,
              absl::string_view context, Options* options,
              std::vector<std::string>* problems) {
  std::vector<std::string> known;
  for (const DictKey<Options>& key : keys) {
    known.push_back(key.name);
    for (const auto& [name, value] : dict) {
      if (name != key.name) continue;
      const std::optional<Misfit> misfit = key.read(value, options);
      if (misfit.has_value()) {
        problems->push_back(MisfitProblem(context, name, *misfit));
      }
    }
  }
  AddUnknownKeys(dict, known, context, problems);
}

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_DICT_KEYS_H_
