#include "tests/conformance/conforming_agents.h"

#include "agents/base/base_agent.h"
#include "agents/er/er_agent.h"
#include "agents/icarl/icarl_agent.h"
#include "core/buffer/slot_directory.h"

namespace reprise {

const std::vector<ConformingAgent>& ConformingAgents() {
  static const std::vector<ConformingAgent>& table =
      *new std::vector<ConformingAgent>{
          {"base", [](const AgentSizes&) { return MakeBaseAgent(); },
           /*appends=*/false, /*same_at_any_world_size=*/true},
          {"nil", MakeSmallNil, /*appends=*/true},
          {"nil_shared",
           [](AgentSizes sizes) {
             sizes.buffer = BufferKind::kShared;
             return MakeSmallNil(sizes);
           },
           /*appends=*/true, /*same_at_any_world_size=*/true},
          {"nil_shared_async",
           [](AgentSizes sizes) {
             sizes.buffer = BufferKind::kSharedAsynchronous;
             return MakeSmallNil(sizes);
           },
           /*appends=*/true, /*same_at_any_world_size=*/true},
          {"icarl",
           [](const AgentSizes& sizes) {
             return MakeIcarlAgent(
                 {sizes.num_classes, sizes.representatives_per_class});
           },
           /*appends=*/false, /*same_at_any_world_size=*/true},
          {"icarl_upstream",
           [](const AgentSizes& sizes) {
             return MakeUpstreamIcarlAgent({sizes.num_classes,
                                            sizes.representatives_per_class,
                                            sizes.representatives, sizes.seed,
                                            sizes.rank, sizes.world_size});
           },
           /*appends=*/true},
          {"er",
           [](const AgentSizes& sizes) {
             return MakeErAgent(
                 MakeSmallBuffer(sizes, BufferPolicy::kReservoir));
           },
           /*appends=*/true},
          {"er_shared_async",
           [](AgentSizes sizes) {
             sizes.buffer = BufferKind::kSharedAsynchronous;
             return MakeErAgent(
                 MakeSmallBuffer(sizes, BufferPolicy::kReservoir));
           },
           /*appends=*/true, /*same_at_any_world_size=*/true},
      };
  return table;
}

}  // namespace reprise
