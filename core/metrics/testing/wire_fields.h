// Reads protocol buffers' wire format without a schema, for tests: written
// independently of core/metrics/tensorboard/wire_message.h.
#ifndef REPRISE_CORE_METRICS_TESTING_WIRE_FIELDS_H_
#define REPRISE_CORE_METRICS_TESTING_WIRE_FIELDS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

// One occurrence of a field, whichever of these it is.
struct WireField {
  uint64_t integer = 0;  // varint
  double number = 0;     // fixed64 as double, fixed32 as float
  std::string bytes;     // length-delimited
};

// By number, in the order of the bytes.
using WireFields = std::map<int, std::vector<WireField>>;

// DataError naming the offset where the bytes are no message.
absl::StatusOr<WireFields> ReadWireFields(absl::string_view bytes);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TESTING_WIRE_FIELDS_H_
