#include "agents/icarl/exemplar_state.h"

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {

absl::Status LoadExemplars(const StateReader& state, absl::string_view name,
                           const TaskContext& context,
                           std::vector<std::vector<int64_t>>* exemplars) {
  const size_t classes = exemplars->size();
  REPRISE_RETURN_IF_ERROR(state.Get(name, exemplars));
  if (exemplars->size() != classes) {
    return state.Error(absl::StrCat(name, ": expected ", classes,
                                    " classes, found ", exemplars->size()));
  }
  for (const std::vector<int64_t>& rows : *exemplars) {
    REPRISE_RETURN_IF_ERROR(state.CheckBelow(name, rows, context.train.size()));
  }
  return absl::OkStatus();
}

absl::Status LoadPrevious(const StateReader& state, const TaskContext& context,
                          std::unique_ptr<Model>* previous) {
  *previous = nullptr;
  if (!state.Has("previous")) return absl::OkStatus();
  *previous = context.snapshot();
  return (*previous)->LoadState(state.Scope("previous"));
}

}  // namespace reprise
