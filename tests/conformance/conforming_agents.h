// The agents that agent_conformance_test holds to the interface: a method is a
// row here.
#ifndef REPRISE_TESTS_CONFORMANCE_CONFORMING_AGENTS_H_
#define REPRISE_TESTS_CONFORMANCE_CONFORMING_AGENTS_H_

#include <ostream>
#include <string>
#include <vector>

#include "tests/integration/small_run.h"

namespace reprise {

struct ConformingAgent {
  std::string name;  // letters, digits and underscores
  AgentFactory make;
  // AugmentBatch appends up to AgentSizes::representatives samples.
  bool appends = false;
  // With the global sizes fixed, N ranks learn what one learns. Not so where
  // what is rehearsed is local to a rank.
  bool same_at_any_world_size = false;
};

inline void PrintTo(const ConformingAgent& row, std::ostream* out) {
  *out << row.name;
}

const std::vector<ConformingAgent>& ConformingAgents();

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_CONFORMING_AGENTS_H_
