// A small made-up run of three tasks whose measures are known in closed form,
// for the tests of sinks: 4, 3 and 3 hundred test samples, one epoch of four
// steps a task, heads "nme" (primary, null before training) and "logits".
// The nme matrix is
//   .90
//   .95 .96
//   .80 .97 .91
// so A(3) = .893333, S(3) = .884, average incremental = .912762 (S: .9,
// 6.68/7, .884), forgetting = ((.95 - .80) + (.96 - .97)) / 2 = .07 and
// backward transfer = ((.80 - .90) + (.97 - .96)) / 2 = -.045. Logits are
// perfect: 1. Task j has class j; what is wrong is taken for class 9. Stamps
// are a second apart; task t begins 100 (t + 1) s after the start.
#ifndef REPRISE_CORE_METRICS_TESTING_SCRIPTED_RUN_H_
#define REPRISE_CORE_METRICS_TESTING_SCRIPTED_RUN_H_

#include "absl/status/status.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

RunStart ScriptedRunStart();
RunEnd ScriptedRunEnd();

// Everything between start and end of task `task` (0, 1 or 2).
absl::Status PlayScriptedTask(int task, MetricSink& sink);

// The whole run. Stops at the sink's first failure.
absl::Status PlayScriptedRun(MetricSink& sink);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TESTING_SCRIPTED_RUN_H_
