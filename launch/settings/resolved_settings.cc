#include "launch/settings/resolved_settings.h"

#include <utility>

namespace reprise {

void ResolvedSettings::SetKey(const std::string& flag, const std::string& key,
                              LiteralValue value, Origin origin) {
  origins[absl::StrCat(flag, ".", key)] = std::move(origin);
  LiteralDict& dict = dicts[flag];
  for (auto& [known, old_value] : dict) {
    if (known == key) {
      old_value = std::move(value);
      return;
    }
  }
  dict.emplace_back(key, std::move(value));
}

}  // namespace reprise
