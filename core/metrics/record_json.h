// The fields of a record as JSON, under the names and in the order of the
// schema (record_fields.h). What is unknown is null, and so is, once dumped, a
// number that is not finite.
#ifndef REPRISE_CORE_METRICS_RECORD_JSON_H_
#define REPRISE_CORE_METRICS_RECORD_JSON_H_

#include <optional>

#include "core/metrics/metric_sink.h"
#include "core/metrics/record_fields.h"
#include "nlohmann/json.hpp"

namespace reprise {

nlohmann::ordered_json JsonOf(const std::optional<double>& value);
// By the phases' names, in seconds.
nlohmann::ordered_json JsonOf(const PhaseSeconds& seconds);
// [[true class, predicted class, samples], ...].
nlohmann::ordered_json JsonOf(const std::optional<ConfusionCounts>& counts);
// {"by_class": {...}, "by_rank": {...}, "scalars": {...}}.
nlohmann::ordered_json JsonOf(const AgentReport& report);
template <typename Value>
nlohmann::ordered_json JsonOf(const Value& value) {
  return value;
}

// Adds the fields of `record` to two JSON objects, which may be one: those that
// depend on the clock to `timing`, the others to `fields`.
template <typename Record>
void AddFields(const Record& record, nlohmann::ordered_json* fields,
               nlohmann::ordered_json* timing) {
  ForEachField(record, [&](const RecordField& field, const auto& value) {
    (*(field.is_timed ? timing : fields))[field.name] = JsonOf(value);
  });
}

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RECORD_JSON_H_
