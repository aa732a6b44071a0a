#include "launch/settings/components/nearer_form.h"

#include <string>

namespace reprise {

void TakeNearerForm(absl::string_view global, absl::string_view local_shown,
                    absl::string_view local, std::optional<int64_t>* field,
                    ResolvedSettings& resolved) {
  if (!field->has_value() || resolved.is_complete) return;
  const Level level = resolved.LevelOf(global);
  const Level local_level = resolved.LevelOf(local);
  if (level == local_level) {
    resolved.AddProblem("--", global, " contradicts ", local_shown,
                        ": give one of them");
  } else if (level < local_level) {
    field->reset();
    resolved.origins.erase(std::string(global));
  }
}

}  // namespace reprise
