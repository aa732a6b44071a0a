#include "launch/settings/components/unused_settings.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "agents/regime/regime.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/components/setting_table.h"

namespace reprise {
namespace {

void NoteIfUnused(absl::string_view what, const UnusedReason& unused,
                  ResolvedSettings& resolved) {
  if (unused == nullptr) return;
  const std::string reason = unused(resolved.spec);
  if (reason.empty()) return;
  resolved.notes.push_back(absl::StrCat(what, " has no effect: ", reason));
}

void NoteUnusedKeys(const Setting& setting, ResolvedSettings& resolved) {
  for (const SettingKey& key : setting.keys) {
    if (!resolved.IsGivenByUser(
            absl::StrCat(setting.name, ".", key.key.name))) {
      continue;
    }
    NoteIfUnused(absl::StrCat("'", key.key.name, "' in --", setting.name),
                 key.unused, resolved);
  }
}

// Parts of settings, and what derived ones miss.
void NoteUnusedParts(ResolvedSettings& resolved) {
  const ExperimentSpec& spec = resolved.spec;
  if (spec.recipe.profile == Profile::kUpstream && !spec.training.evaluate &&
      RowOf(spec.agent).traits(spec.agent).selects_on_test_loss) {
    resolved.notes.push_back(
        "--profile=upstream without evaluation: no network is selected on "
        "test loss at a task's start");
  }
  for (const RegimePhase& phase : spec.optimizer.phases) {
    if (phase.from_epoch.value_or(0) < spec.training.epochs) continue;
    resolved.notes.push_back(absl::StrCat(
        "--regime from epoch ", *phase.from_epoch,
        " on has no effect: a task has ", spec.training.epochs, " epochs"));
  }
}

}  // namespace

void NoteUnusedSettings(ResolvedSettings& resolved) {
  // Nobody chose what was given.
  if (resolved.is_complete) return;
  for (const Setting& setting : Settings()) {
    const bool is_given = setting.keys.empty()
                              ? resolved.IsGivenByUser(setting.name)
                              : !resolved.dicts[setting.name].empty();
    if (is_given) {
      NoteIfUnused("--" + setting.name, setting.unused, resolved);
    }
    NoteUnusedKeys(setting, resolved);
  }
  NoteUnusedParts(resolved);
}

}  // namespace reprise
