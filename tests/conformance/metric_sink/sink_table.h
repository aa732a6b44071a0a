// The sinks that metric_sink_conformance_test holds to the interface: a sink is
// a row here.
#ifndef REPRISE_TESTS_CONFORMANCE_METRIC_SINK_SINK_TABLE_H_
#define REPRISE_TESTS_CONFORMANCE_METRIC_SINK_SINK_TABLE_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "core/metrics/metric_sink.h"

namespace reprise {

struct SinkRow {
  std::string name;  // letters, digits and underscores
  // A sink that writes into `folder`, which exists; fails the test if it
  // cannot be made.
  std::function<std::shared_ptr<MetricSink>(const std::string& folder)> make;
  // What a whole run leaves there: .json, .jsonl, .txt or event files, and no
  // other.
  std::vector<std::string> files;
  // Whether these hold RunStart::experiment.
  bool says_experiment = true;
};

inline void PrintTo(const SinkRow& row, std::ostream* out) { *out << row.name; }

const std::vector<SinkRow>& SinkTable();

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_METRIC_SINK_SINK_TABLE_H_
