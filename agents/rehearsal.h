// Between an agent and its rehearsal buffer.
#ifndef REPRISE_AGENTS_REHEARSAL_H_
#define REPRISE_AGENTS_REHEARSAL_H_

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "agents/batch.h"
#include "core/buffer/buffer_stats.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

// Begins the buffer's step for the batch's incoming samples and appends the
// representatives that it gives. `class_weights` yields [num_classes] weights
// for the state that they were drawn from; nullptr: all 1. Collective as
// RehearsalBuffer::BeginStep.
absl::Status AppendRepresentatives(
    RehearsalBuffer& buffer, Batch& batch,
    const std::function<std::vector<double>(
        const std::vector<int64_t>& class_count,
        const std::vector<int64_t>& stored)>& class_weights = nullptr);

// By class: class_count, stored, unique; by rank: stored, unique;
// buffer_bytes, mean_age_steps, exchange_bytes (sent by this rank so far).
AgentReport BufferReport(const BufferStats& stats);

}  // namespace reprise

#endif  // REPRISE_AGENTS_REHEARSAL_H_
