#include "launch/settings/components/contradictions.h"

#include <cstdint>

#include "core/buffer/slot_directory.h"
#include "launch/settings/agent_table.h"
#include "launch/settings/dataset_rows.h"
#include "launch/settings/model_rows.h"

namespace reprise {
namespace {

void CheckInputs(ResolvedSettings& resolved) {
  const DatasetSettingsRow& dataset = RowOf(resolved.spec.data);
  const ModelSettingsRow& model = RowOf(resolved.spec.model);
  if (model.input_shape != dataset.input_shape) {
    resolved.AddProblem("--model=", model.name, " reads ", model.input_shape,
                        " samples, --dataset=", dataset.name, " has ",
                        dataset.input_shape,
                        "; choose --model=", dataset.model);
  }
  const Augmentation augment = resolved.spec.training.augment;
  if (augment != Augmentation::kNone && !dataset.is_images) {
    resolved.AddProblem("--augment=", NameOf(augment),
                        " is for images; --dataset=", dataset.name,
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
