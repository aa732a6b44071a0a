// What summary.json and reports say of one classifier of a run.
#ifndef REPRISE_CORE_METRICS_SUMMARY_HEAD_JSON_H_
#define REPRISE_CORE_METRICS_SUMMARY_HEAD_JSON_H_

#include "core/metrics/accuracy/accuracy_matrix.h"
#include "nlohmann/json.hpp"

namespace reprise {

// {"name", "primary", "accuracy_matrix": rows of i + 1 entries each,
// "task_mean_by_task", "sample_mean_by_task", and of each measure {"value",
// "formula"}}. What is unknown is null.
nlohmann::ordered_json HeadJson(const HeadMatrices::Head& head);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_SUMMARY_HEAD_JSON_H_
