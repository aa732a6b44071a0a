// The agents as the command line knows them: one row a method, and nothing else
// compares their names. launch/run/parts/agent_factories.h makes them. A new
// method is a row here and one there; a new key of --agent-config that is its
// own is a field of its struct (agent_settings.h) and a line of its row.
#ifndef REPRISE_LAUNCH_SETTINGS_AGENT_ROWS_H_
#define REPRISE_LAUNCH_SETTINGS_AGENT_ROWS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/buffer/slot_directory.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/setting.h"

namespace reprise {

struct AgentTraits {
  bool rehearses = false;  // earlier samples are trained on again
  // Of its rehearsal buffer; nullopt: it has none.
  std::optional<BufferPolicy> buffer;
  // Batches hold more than what comes in, --global-representatives of it.
  bool appends_to_batches = false;
  // With a buffer: the candidates of a step are all that comes in.
  bool offers_every_sample = false;
  // Under --profile=upstream a task begins with the network that had the lowest
  // loss on the test sets.
  bool selects_on_test_loss = false;
};

struct AgentSettingsRow {
  std::string name;
  std::string title;    // in sentences
  std::string summary;  // in the help of --agent; may be empty
  AgentTraits (*traits)(const AgentSettings& settings);
  std::vector<SettingKey> keys;  // of --agent-config, its own
  LiteralDict upstream_keys;     // what --profile=upstream sets of these
  // What contradicts the method, one line each; nullptr: nothing.
  void (*check)(const ExperimentSpec& spec, std::vector<std::string>& problems);
};

const std::vector<AgentSettingsRow>& AgentSettingsRows();

// nullptr if there is none of that name.
const AgentSettingsRow* FindAgentRow(absl::string_view name);

// Of the spec's agent, which must be a row's.
const AgentSettingsRow& RowOf(const AgentSettings& settings);

// What the run does: with --scratch no agent rehearses.
AgentTraits TraitsOf(const ExperimentSpec& spec);

// Reasons for the user, empty where they do not hold: that no earlier sample is
// trained on again; that they are, but none is drawn into batches, or from no
// rehearsal buffer.
std::string WhyNoRehearsal(const ExperimentSpec& spec);
std::string WhyNothingDrawn(const ExperimentSpec& spec);
std::string WhyNoBuffer(const ExperimentSpec& spec);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_AGENT_ROWS_H_
