#include "tests/conformance/agent_table.h"

#include "agents/base/base_agent.h"
#include "agents/er/er_agent.h"
#include "agents/icarl/icarl_agent.h"

namespace reprise {

const std::vector<AgentRow>& AgentTable() {
  static const std::vector<AgentRow>& table = *new std::vector<AgentRow>{
      {"base", [](const AgentSizes&) { return MakeBaseAgent(); },
       /*appends=*/false, /*same_at_any_world_size=*/true},
      {"nil", MakeSmallNil, /*appends=*/true},
      {"icarl",
       [](const AgentSizes& sizes) {
         return MakeIcarlAgent(
             {sizes.num_classes, sizes.representatives_per_class});
       },
       /*appends=*/false, /*same_at_any_world_size=*/true},
      {"icarl_upstream",
       [](const AgentSizes& sizes) {
         return MakeUpstreamIcarlAgent(
             {sizes.num_classes, sizes.representatives_per_class,
              sizes.representatives, sizes.seed, sizes.rank, sizes.world_size});
       },
       /*appends=*/true},
      {"er",
       [](const AgentSizes& sizes) {
         return MakeErAgent({sizes.num_classes, sizes.row_bytes,
                             sizes.representatives_per_class,
                             sizes.representatives, sizes.seed, sizes.rank});
       },
       /*appends=*/true},
  };
  return table;
}

}  // namespace reprise
