// What a rehearsal buffer holds, as agents report it.
#ifndef REPRISE_AGENTS_BUFFER_REPORT_H_
#define REPRISE_AGENTS_BUFFER_REPORT_H_

#include "core/buffer/rehearsal_buffer.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

// By class: class_count, stored, unique; buffer_bytes.
inline AgentReport BufferReport(const BufferState& state) {
  AgentReport report;
  report.by_class["class_count"].assign(state.class_count.begin(),
                                        state.class_count.end());
  report.by_class["stored"].assign(state.stored.begin(), state.stored.end());
  report.by_class["unique"].assign(state.unique.begin(), state.unique.end());
  report.scalars["buffer_bytes"] = static_cast<double>(state.bytes);
  return report;
}

}  // namespace reprise

#endif  // REPRISE_AGENTS_BUFFER_REPORT_H_
