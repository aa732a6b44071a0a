// What TensorBoard's text and hparams pages say of a run before it trains.
#ifndef REPRISE_CORE_METRICS_TENSORBOARD_RUN_TEXT_H_
#define REPRISE_CORE_METRICS_TENSORBOARD_RUN_TEXT_H_

#include <string>
#include <vector>

#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "core/metrics/tensorboard/event_messages.h"

namespace reprise {

// Tables in Markdown: the fields of the record with their meanings; each
// setting with its value and where that came from.
std::string MarkdownOf(const RunStart& run);
std::string MarkdownOf(const std::vector<RunInfo::Setting>& settings);

// The fields of the record, then the settings whose names they do not have.
// Numbers and truth values as such, other values as text.
std::vector<Hparam> HparamsOf(const RunStart& run,
                              const std::vector<RunInfo::Setting>& settings);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TENSORBOARD_RUN_TEXT_H_
