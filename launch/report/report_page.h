// The page of a report: one HTML file that needs nothing else, with the
// program's own style and scripts (page/) and Chart.js within it.
#ifndef REPRISE_LAUNCH_REPORT_REPORT_PAGE_H_
#define REPRISE_LAUNCH_REPORT_REPORT_PAGE_H_

#include <optional>
#include <string>
#include <vector>

#include "launch/report/comparison/comparison.h"
#include "nlohmann/json.hpp"

namespace reprise {

// What the page's scripts draw:
//   version     of Reprise; made: when, text in UTC
//   runs        RunModel (run_model.h) of each
//   comparison  ComparisonModel (comparison.h) where there are several, else
//               null
nlohmann::ordered_json ReportModel(std::vector<nlohmann::ordered_json> runs,
                                   const std::optional<CostModel>& cost_model);

// The page. No text of the model is read as markup or script, whatever it is;
// what is not UTF-8 in it is replaced.
std::string ReportPage(const nlohmann::ordered_json& model);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_REPORT_PAGE_H_
