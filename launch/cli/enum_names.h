// The names that users know an enum's values by, stated once for both
// directions. An enum that is a setting has an overload beside it:
//
//   enum class Network { kAuto, kTcp };
//   inline constexpr EnumName<Network> kNetworkNames[] = {
//       {Network::kAuto, "auto"}, {Network::kTcp, "tcp"}};
//   inline EnumNames<Network> NamesOf(Network) { return kNetworkNames; }
#ifndef REPRISE_LAUNCH_CLI_ENUM_NAMES_H_
#define REPRISE_LAUNCH_CLI_ENUM_NAMES_H_

#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/base/check.h"

namespace reprise {

template <typename Enum>
struct EnumName {
  Enum value;
  const char* name;
};

// All values, in the order that help text lists them in.
template <typename Enum>
using EnumNames = absl::Span<const EnumName<Enum>>;

// Of a value that is not in the table: a broken invariant.
template <typename Enum, typename = std::enable_if_t<std::is_enum<Enum>::value>,
          typename = decltype(NamesOf(Enum()))>
const char* NameOf(Enum value) {
  for (const EnumName<Enum>& row : NamesOf(value)) {
    if (row.value == value) return row.name;
  }
  REPRISE_CHECK(false) << "value " << static_cast<int>(value)
                       << " of an enum has no name";
  return "";
}

template <typename Enum>
std::vector<std::string> AllNames() {
  std::vector<std::string> names;
  for (const EnumName<Enum>& row : NamesOf(Enum())) names.push_back(row.name);
  return names;
}

// The value of one of AllNames().
template <typename Enum>
Enum ValueOf(absl::string_view name) {
  for (const EnumName<Enum>& row : NamesOf(Enum())) {
    if (row.name == name) return row.value;
  }
  REPRISE_CHECK(false) << name << " names no value of the enum";
  return Enum();
}

}  // namespace reprise

#endif  // REPRISE_LAUNCH_CLI_ENUM_NAMES_H_
