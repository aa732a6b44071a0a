// What a run says of itself, once: run.json, args.json and the first record.
#ifndef REPRISE_LAUNCH_RUN_RESULTS_RUN_INFO_H_
#define REPRISE_LAUNCH_RUN_RESULTS_RUN_INFO_H_

#include <string>

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"
#include "launch/run/parts/run_parts.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

RunInfo RunInfoOf(const ExperimentSpec& spec, const RunParts& parts,
                  const Communicator& communicator, const std::string& run_id);

// What the sinks' OnRunStart is told. `folder` is that of the results.
RunStart RunStartOf(const ExperimentSpec& spec, const RunParts& parts,
                    int world_size, const std::string& folder,
                    const std::string& run_id);

// args.json: the settings as upstream had them, dicts as one literal each.
// StorageError.
absl::Status WriteArguments(const ExperimentSpec& spec, const RunParts& parts,
                            int world_size, const std::string& folder);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RESULTS_RUN_INFO_H_
