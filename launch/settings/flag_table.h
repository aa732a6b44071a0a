// The one table of flags: name, type, place in the ExperimentSpec, range and
// help text. Defaults are those of ExperimentSpec.
#ifndef REPRISE_LAUNCH_SETTINGS_FLAG_TABLE_H_
#define REPRISE_LAUNCH_SETTINGS_FLAG_TABLE_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/settings/experiment.h"

namespace reprise {

enum class DictFlag { kTasksets, kAgent, kModel };

// A flag that the program does something else with than store: --help,
// --print-config, --no-cuda.
struct Switch {};

// A flag of upstream's that no code serves yet: only its default is taken.
struct Unbuilt {
  std::string default_text;
  bool is_bool = false;
};

struct Flag {
  using Spec = ExperimentSpec;
  // Where the value goes, which is also its type.
  using Destination =
      std::variant<bool Spec::*, int64_t Spec::*, uint64_t Spec::*,
                   double Spec::*, std::string Spec::*,
                   std::optional<int64_t> Spec::*, DictFlag, Switch, Unbuilt>;

  std::string name;     // with hyphens, without "--"
  std::string metavar;  // "N", "FILE"; empty for bools
  Destination destination;
  std::string help;
  std::string group;  // heading in --help
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices;  // empty: any
  // Named no-x in upstream's way: the field is the opposite of the flag.
  bool inverted = false;
  bool is_path = false;

  bool IsBool() const;
};

const std::vector<Flag>& Flags();

// The flag of a name with hyphens or underscores; nullptr if there is none.
const Flag* FindFlag(absl::string_view name);

// Stores `text` in the flag's field. UsageError "expected ..., found ..." when
// it has a wrong type, is out of range or not built yet. Not for DictFlag.
absl::Status StoreFlag(const Flag& flag, absl::string_view text,
                       ExperimentSpec* spec);

// true/false, yes/no, on/off, 1/0 in any case.
absl::StatusOr<bool> ParseBool(absl::string_view text);

// The flag's value in `spec` as JSON; "null" for an optional that is not set.
// Not for DictFlag.
std::string FlagValueJson(const Flag& flag, const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_FLAG_TABLE_H_
