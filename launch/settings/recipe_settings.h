// Flags that stand for several others: --profile, --preset, --scratch, --quick.
#ifndef REPRISE_LAUNCH_SETTINGS_RECIPE_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RECIPE_SETTINGS_H_

#include "launch/cli/enum_names.h"

namespace reprise {

// kUpstream: the research code's choices in place of ours.
enum class Profile { kDefault, kUpstream };
inline constexpr EnumName<Profile> kProfileNames[] = {
    {Profile::kDefault, "default"}, {Profile::kUpstream, "upstream"}};
inline EnumNames<Profile> NamesOf(Profile) { return kProfileNames; }

// Published sets of runs: PresetOfPublication (experiments.h).
enum class Publication { kNone, kJanuary2022, kFebruary2022 };
inline constexpr EnumName<Publication> kPublicationNames[] = {
    {Publication::kNone, "none"},
    {Publication::kJanuary2022, "2022-01"},
    {Publication::kFebruary2022, "2022-02"}};
inline EnumNames<Publication> NamesOf(Publication) { return kPublicationNames; }

struct RecipeSettings {
  Profile profile = Profile::kDefault;
  Publication preset = Publication::kNone;
  bool scratch = false;  // concatenated tasksets, reset, and no rehearsal
  bool quick = false;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RECIPE_SETTINGS_H_
