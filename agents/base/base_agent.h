// Plain fine-tuning on each task in turn: the lower bound of every comparison.
#ifndef REPRISE_AGENTS_BASE_BASE_AGENT_H_
#define REPRISE_AGENTS_BASE_BASE_AGENT_H_

#include <memory>

#include "agents/agent.h"

namespace reprise {

std::unique_ptr<Agent> MakeBaseAgent();

}  // namespace reprise

#endif  // REPRISE_AGENTS_BASE_BASE_AGENT_H_
