#include "launch/run/parts/agent_factories.h"

#include <algorithm>

#include "agents/base/base_agent.h"
#include "agents/er/er_agent.h"
#include "agents/icarl/icarl_agent.h"
#include "agents/nil/nil_agent.h"
#include "core/base/check.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/comm/communicator.h"
#include "launch/settings/agent_rows.h"

namespace reprise {
namespace {

std::unique_ptr<RehearsalBuffer> MakeBuffer(const AgentContext& context) {
  return MakeRehearsalBuffer(context.spec, context.rows, context.sizes,
                             context.channels);
}

std::unique_ptr<Agent> MakeBase(const AgentContext&) { return MakeBaseAgent(); }

std::unique_ptr<Agent> MakeEr(const AgentContext& context) {
  return MakeErAgent(MakeBuffer(context));
}

std::unique_ptr<Agent> MakeIcarl(const AgentContext& context) {
  const AgentSettings& config = context.spec.agent;
  if (config.icarl.implementation == IcarlImplementation::kPaper) {
    return MakeIcarlAgent(
        {context.rows.num_classes, config.num_representatives});
  }
  const Communicator& communicator = *context.channels.host;
  return MakeUpstreamIcarlAgent(
      {context.rows.num_classes, config.num_representatives,
       context.sizes.representatives, context.spec.training.seed,
       communicator.rank(), communicator.world_size()});
}

std::unique_ptr<Agent> MakeNil(const AgentContext& context) {
  const StepSizes& sizes = context.sizes;
  const bool shared =
      context.spec.rehearsal.buffer == BufferScope::kDistributed;
  return MakeNilAgent({shared ? sizes.global_batch : sizes.batch,
                       shared ? sizes.global_candidates : sizes.candidates},
                      MakeBuffer(context));
}

}  // namespace

const std::vector<AgentRow>& AgentFactories() {
  static const std::vector<AgentRow>& rows = *new std::vector<AgentRow>{
      {"base", MakeBase},
      {"er", MakeEr},
      {"icarl", MakeIcarl},
      {"nil", MakeNil},
  };
  return rows;
}

std::unique_ptr<Agent> MakeAgent(const AgentContext& context) {
  const std::string name =
      TraitsOf(context.spec).rehearses ? context.spec.agent.name : "base";
  const auto row = std::find_if(
      AgentFactories().begin(), AgentFactories().end(),
      [&](const AgentRow& candidate) { return candidate.name == name; });
  REPRISE_CHECK(row != AgentFactories().end()) << name;
  return row->make(context);
}

}  // namespace reprise
