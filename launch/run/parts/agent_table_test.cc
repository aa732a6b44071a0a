#include "launch/run/parts/agent_table.h"

#include <set>
#include <string>

#include "gtest/gtest.h"
#include "launch/settings/agent_table.h"

namespace reprise {
namespace {

TEST(AgentTable, MakesTheAgentsThatTheCommandLineKnows) {
  std::set<std::string> made, known;
  for (const AgentRow& row : AgentTable()) made.insert(row.name);
  for (const AgentSettingsRow& row : AgentSettingsRows()) {
    known.insert(row.name);
  }
  EXPECT_EQ(made, known);
}

}  // namespace
}  // namespace reprise
