// Several runs beside each other: which differ in nothing but their seed, how
// such groups compare, what trained from scratch, how they scale. Statistics
// are of groups (sample_statistics.h); measures are those of the method's own
// classifier.
#ifndef REPRISE_LAUNCH_REPORT_COMPARISON_COMPARISON_H_
#define REPRISE_LAUNCH_REPORT_COMPARISON_COMPARISON_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace reprise {

// What a cost model expects of more ranks, beside what was measured.
struct CostModel {
  std::string source;                    // a sentence, without its full stop
  std::map<int64_t, double> efficiency;  // by ranks; that of one rank is 1
};

// Of a file as tests/scaling/cost_model.py writes it:
// {"source": "...", "efficiency": {"1": 1, "2": 0.97}}. DataError,
// StorageError.
absl::StatusOr<CostModel> ReadCostModel(const std::string& path);

// `runs`: RunModel (run_model.h) of each, at least one.
//
//   measures   [{name, label, unit}], unit "ratio", "rate" or "seconds"
//   groups     [{label, runs: indices, summaries: {measure: Statistics},
//              by_task: [Statistics of S(i)]}], by their mean of
//              average_incremental_accuracy, best first, unknown last
//   scratch    [{continual, scratch: indices of groups, differences: [{name,
//              label, unit, mean, half_width}]}]: groups that differ in
//              --scratch and what follows from it
//   scaling    [{label, points: [{world_size, images_per_second: Statistics,
//              speed_up, efficiency, predicted_efficiency}]}]: groups that
//              differ in ranks and hosts alone, which their label leaves out,
//              against the fewest ranks
//   settings   [{name, values: text or null of each run}]: those that differ
//   warnings   texts: what makes a comparison less than it looks
//   cost_model {source} or null
//
// Statistics: {n, mean, standard_deviation, half_width}, null where unknown.
// Runs without a value do not count in its n.
nlohmann::ordered_json ComparisonModel(
    const std::vector<nlohmann::ordered_json>& runs,
    const std::optional<CostModel>& cost_model);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_COMPARISON_COMPARISON_H_
