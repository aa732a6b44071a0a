#include "launch/settings/components/contradictions.h"

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/check.h"
#include "launch/cli/enum_names.h"
#include "launch/data/dataset_table.h"
#include "launch/data/rows/dataset_row.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/model_rows.h"
#include "models/input_shape.h"

namespace reprise {
namespace {

// The name of the model that reads samples of a shape; "" if there is none.
std::string ModelFor(const InputShape& shape) {
  for (const ModelSettingsRow& row : ModelSettingsRows()) {
    if (row.input_shape == shape) return row.name;
  }
  return "";
}

void CheckInputs(ResolvedSettings& resolved) {
  const DatasetRow* dataset = FindDatasetRow(resolved.spec.data.dataset);
  REPRISE_CHECK(dataset != nullptr) << resolved.spec.data.dataset;
  const ModelSettingsRow& model = RowOf(resolved.spec.model);
  if (model.input_shape != dataset->shape) {
    resolved.AddProblem(
        "--model=", model.name, " reads ", TextOf(model.input_shape),
        " samples, --dataset=", dataset->name, " has ", TextOf(dataset->shape),
        "; choose --model=", ModelFor(dataset->shape));
  }
  const Augmentation augment = resolved.spec.training.augment;
  if (augment != Augmentation::kNone && !dataset->augmentable) {
    resolved.AddProblem("--augment=", NameOf(augment),
                        " is for images; --dataset=", dataset->name,
                        " has none");
  }
}

// What is to be spread over ranks is too little for them.
void CheckShares(ResolvedSettings& resolved) {
  const ExperimentSpec& spec = resolved.spec;
  const int64_t ranks = spec.ranks.count;
  const RehearsalSettings& rehearsal = spec.rehearsal;
  const AgentTraits traits = TraitsOf(spec);
  const bool is_local =
      traits.buffer.has_value() && rehearsal.buffer == BufferScope::kLocal;
  if (is_local && rehearsal.capacity == BufferCapacity::kGlobal &&
      spec.agent.num_representatives < ranks) {
    resolved.AddProblem(
        "'num_representatives': ", spec.agent.num_representatives, " over ",
        ranks,
        " ranks leave some of their local buffers without a place; use "
        "--capacity=per-rank or --buffer=distributed");
  }
  if (is_local && !traits.offers_every_sample &&
      rehearsal.global_candidates.value_or(ranks) < ranks) {
    resolved.AddProblem("--global-candidates=", *rehearsal.global_candidates,
                        " leaves some of the ", ranks,
                        " ranks' buffers without a candidate");
  }
  const std::optional<int64_t> batch = spec.training.global_batch_size;
  if (batch.has_value() &&
      (ranks - 1) / spec.training.batches_per_allreduce >= *batch) {
    resolved.AddProblem("--global-batch-size=", *batch, " leaves some of the ",
                        ranks, " ranks without a sample");
  }
}

}  // namespace

void CheckContradictions(ResolvedSettings& resolved) {
  CheckInputs(resolved);
  CheckShares(resolved);
}

}  // namespace reprise
