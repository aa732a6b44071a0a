#include "core/metrics/record_json.h"

namespace reprise {

using Json = nlohmann::ordered_json;

Json JsonOf(const std::optional<double>& value) {
  return value.has_value() ? Json(*value) : Json(nullptr);
}

Json JsonOf(const PhaseSeconds& seconds) {
  Json json = Json::object();
  ForEachPhase(seconds,
               [&](const char* phase, double value) { json[phase] = value; });
  return json;
}

Json JsonOf(const std::optional<ConfusionCounts>& counts) {
  if (!counts.has_value()) return nullptr;
  Json json = Json::array();
  for (const ConfusionCount& count : *counts) {
    json.push_back(
        Json::array({count.true_class, count.predicted_class, count.samples}));
  }
  return json;
}

Json JsonOf(const AgentReport& report) {
  return {{"by_class", report.by_class},
          {"by_rank", report.by_rank},
          {"scalars", report.scalars}};
}

}  // namespace reprise
