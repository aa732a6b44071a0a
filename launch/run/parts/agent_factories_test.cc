#include "launch/run/parts/agent_factories.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "launch/settings/agent_rows.h"

namespace reprise {
namespace {

TEST(AgentFactories, MakesTheAgentsThatTheCommandLineKnows) {
  std::set<std::string> made, known;
  for (const AgentRow& row : AgentFactories()) made.insert(row.name);
  for (const AgentSettingsRow& row : AgentSettingsRows()) {
    known.insert(row.name);
  }
  EXPECT_EQ(made, known);
}

}  // namespace
}  // namespace reprise
