// What users gave and nothing reads.
#ifndef REPRISE_LAUNCH_SETTINGS_COMPONENTS_UNUSED_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_COMPONENTS_UNUSED_SETTINGS_H_

#include "launch/settings/resolved_settings.h"

namespace reprise {

// Adds a note for each, in the order of --help; none where all is given.
void NoteUnusedSettings(ResolvedSettings& resolved);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_COMPONENTS_UNUSED_SETTINGS_H_
