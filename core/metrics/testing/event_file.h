// Reads TensorBoard's event files, for tests: written independently of
// core/metrics/tensorboard, whose CRC goes by a table and this one bit by bit.
#ifndef REPRISE_CORE_METRICS_TESTING_EVENT_FILE_H_
#define REPRISE_CORE_METRICS_TESTING_EVENT_FILE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct EventValue {
  std::string tag;
  std::optional<double> scalar;
  std::string png, text;        // empty: none
  std::string plugin, content;  // of the plugin that it is for
  std::string description;
};

struct FileEvent {
  double wall_time = 0;
  int64_t step = 0;
  std::string file_version;  // of the first event
  std::vector<EventValue> values;
};

// The events of whole records. DataError naming the offset of a record that is
// cut, whose CRCs are wrong, or whose data is no Event.
absl::StatusOr<std::vector<FileEvent>> ReadEvents(absl::string_view bytes);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TESTING_EVENT_FILE_H_
