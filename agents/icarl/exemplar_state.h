// What both variants of iCaRL keep in a state, read back and checked: rows of
// the training set, and the former network.
#ifndef REPRISE_AGENTS_ICARL_EXEMPLAR_STATE_H_
#define REPRISE_AGENTS_ICARL_EXEMPLAR_STATE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "agents/agent.h"
#include "core/base/state.h"
#include "models/model.h"

namespace reprise {

// Rows of the training set, of as many classes as `exemplars` has.
absl::Status LoadExemplars(const StateReader& state, absl::string_view name,
                           const TaskContext& context,
                           std::vector<std::vector<int64_t>>* exemplars);

// The network in scope "previous"; nullptr where there is none.
absl::Status LoadPrevious(const StateReader& state, const TaskContext& context,
                          std::unique_ptr<Model>* previous);

}  // namespace reprise

#endif  // REPRISE_AGENTS_ICARL_EXEMPLAR_STATE_H_
