// Sizes that users give over all ranks or per rank.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_NEARER_FORM_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_NEARER_FORM_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "launch/settings/resolved_settings.h"

namespace reprise {

// Of the flag `global` and the local form of the same size, whose name is
// `local` and for the user `local_shown`, the one given closer to the user
// holds: `field`, the global one's, is reset where that is the local one. Both
// at once are a problem.
void TakeNearerForm(absl::string_view global, absl::string_view local_shown,
                    absl::string_view local, std::optional<int64_t>* field,
                    ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_NEARER_FORM_H_
