// How the network learns: --agent and --agent-config, whose keys size the
// rehearsal buffer and its draws, too. Where that buffer lies and how it is
// drawn from: rehearsal_settings.h.
#ifndef REPRISE_LAUNCH_SETTINGS_AGENT_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_AGENT_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "launch/cli/enum_names.h"

namespace reprise {

enum class IcarlImplementation { kPaper, kUpstream };
inline constexpr EnumName<IcarlImplementation> kIcarlImplementationNames[] = {
    {IcarlImplementation::kPaper, ""},
    {IcarlImplementation::kUpstream, "upstream"}};
inline EnumNames<IcarlImplementation> NamesOf(IcarlImplementation) {
  return kIcarlImplementationNames;
}

// Keys of one method's own; bound in its row of agent_rows.cc.
struct IcarlSettings {
  IcarlImplementation implementation = IcarlImplementation::kPaper;
};

struct AgentSettings {
  std::string name = "base";           // a row of agent_rows.h
  int64_t num_representatives = 6000;  // N, per class; see BufferCapacity
  int64_t num_candidates = 20;         // C, per step and rank
  std::optional<int64_t> num_samples;  // R, per step and rank; default C
  bool reset_state_dict = false;
  IcarlSettings icarl;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_AGENT_SETTINGS_H_
