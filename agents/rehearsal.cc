#include "agents/rehearsal.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "core/base/status.h"

namespace reprise {

absl::Status AppendRepresentatives(
    RehearsalBuffer& buffer, Batch& batch,
    const std::function<std::vector<double>(const std::vector<int64_t>&,
                                            const std::vector<int64_t>&)>&
        class_weights) {
  RehearsalStep step;
  step.task = batch.task;
  step.step = batch.step_of_task;
  step.incoming.assign(batch.samples.begin(),
                       batch.samples.begin() + batch.incoming);
  step.incoming_of_all = batch.global_incoming;
  REPRISE_ASSIGN_OR_RETURN(const Representatives given, buffer.BeginStep(step));
  if (given.samples.empty()) return absl::OkStatus();
  if (buffer.is_on_device()) {
    batch.on_device = static_cast<int64_t>(given.samples.size());
  }
  std::vector<double> weights;
  if (class_weights) weights = class_weights(given.class_count, given.stored);
  for (size_t i = 0; i < given.samples.size(); ++i) {
    const Sample& sample = given.samples[i];
    batch.Append(
        sample,
        weights.empty() ? 1.0f : static_cast<float>(weights[sample.label]),
        batch.global_batch_size + given.draws[i]);
  }
  return absl::OkStatus();
}

AgentReport BufferReport(const BufferStats& stats) {
  AgentReport report;
  const auto copy = [](const std::vector<int64_t>& values) {
    return std::vector<double>(values.begin(), values.end());
  };
  report.by_class["class_count"] = copy(stats.class_count);
  report.by_class["stored"] = copy(stats.stored);
  report.by_class["unique"] = copy(stats.unique);
  report.by_rank["stored"] = copy(stats.stored_by_rank);
  report.by_rank["unique"] = copy(stats.unique_by_rank);
  report.scalars["buffer_bytes"] = static_cast<double>(stats.bytes);
  report.scalars["mean_age_steps"] = stats.mean_age_steps;
  report.scalars["exchange_bytes"] = static_cast<double>(stats.bytes_sent);
  return report;
}

}  // namespace reprise
