// The agents by name: the one place that knows how each of them is made of a
// run's settings. A new agent is a new row.
#ifndef REPRISE_LAUNCH_RUN_PARTS_AGENT_FACTORIES_H_
#define REPRISE_LAUNCH_RUN_PARTS_AGENT_FACTORIES_H_

#include <memory>
#include <vector>

#include "agents/agent.h"
#include "launch/run/parts/rehearsal_setup.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// What an agent may be made of. The channels' communicators outlive the agent.
struct AgentContext {
  const ExperimentSpec& spec;
  StepSizes sizes;
  BufferRows rows;
  BufferChannels channels;
};

struct AgentRow {
  const char* name;  // of --agent
  std::unique_ptr<Agent> (*make)(const AgentContext& context);
};

const std::vector<AgentRow>& AgentFactories();

// The agent that the spec names; the baseline, which is the same for every
// agent, where it does not rehearse (--scratch). A name that is in no row is a
// broken invariant: flags are checked first.
std::unique_ptr<Agent> MakeAgent(const AgentContext& context);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_PARTS_AGENT_FACTORIES_H_
