#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/components/component.h"

namespace reprise {
namespace {

const Bind<AgentSettings> kAgent(&ExperimentSpec::agent);

std::string AgentHelp() {
  return absl::StrCat(
      "how the network learns: ",
      absl::StrJoin(AgentSettingsRows(), ", ",
                    [](std::string* out, const AgentSettingsRow& row) {
                      absl::StrAppend(out, row.name);
                      if (row.summary.empty()) return;
                      absl::StrAppend(out, " (", row.summary, ")");
                    }));
}

std::vector<std::string> AgentNames() {
  std::vector<std::string> names;
  for (const AgentSettingsRow& row : AgentSettingsRows()) {
    names.push_back(row.name);
  }
  return names;
}

std::string WhyUndrawn(const ExperimentSpec& spec) {
  const std::string reason = WhyNoRehearsal(spec);
  return reason.empty() ? WhyNothingDrawn(spec) : reason;
}

std::vector<SettingKey> AgentKeys() {
  using A = AgentSettings;
  std::vector<SettingKey> keys = {
      kAgent.Key("num_representatives", &A::num_representatives, 1)
          .Unit("per class")
          .Unused(WhyNoRehearsal),
      kAgent.Key("num_candidates", &A::num_candidates, 1).Unused(WhyUndrawn),
      kAgent.Key("num_samples", &A::num_samples, 0)
          .Help("[num_candidates]")
          .Unused(WhyUndrawn),
      kAgent.Key("reset_state_dict", &A::reset_state_dict)};
  for (const AgentSettingsRow& row : AgentSettingsRows()) {
    const std::vector<SettingKey> own =
        KeysOf(row.name, row.keys,
               [](const ExperimentSpec& spec) { return spec.agent.name; });
    keys.insert(keys.end(), own.begin(), own.end());
  }
  return keys;
}

void CheckAgent(ResolvedSettings& resolved) {
  constexpr int64_t kMostOfAClass = 1'000'000'000;
  const AgentSettings& agent = resolved.spec.agent;
  for (const auto& [key, value] :
       {std::pair("num_representatives", agent.num_representatives),
        std::pair("num_candidates", agent.num_candidates),
        std::pair("num_samples", agent.num_samples.value_or(0))}) {
    if (value <= kMostOfAClass) continue;
    resolved.AddProblem("--agent-config: '", key, "': expected at most ",
                        kMostOfAClass, ", found ", value);
  }
  const AgentSettingsRow& row = RowOf(agent);
  if (row.check != nullptr) row.check(resolved.spec, resolved.problems);
}

}  // namespace

Component AgentFlags() {
  Setting agent =
      kAgent.OneOf("agent", &AgentSettings::name, "NAME", "", AgentNames());
  agent.help = AgentHelp();
  return {"Experiment",
          {std::move(agent), DictSetting("agent-config", "", AgentKeys())},
          nullptr,
          CheckAgent};
}

}  // namespace reprise
