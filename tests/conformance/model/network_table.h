// The networks that model_conformance_test holds to models/model.h: a network
// is a row here.
#ifndef REPRISE_TESTS_CONFORMANCE_MODEL_NETWORK_TABLE_H_
#define REPRISE_TESTS_CONFORMANCE_MODEL_NETWORK_TABLE_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "core/base/input_shape.h"
#include "models/model_table.h"

namespace reprise {

struct NetworkRow {
  std::string name;  // letters, digits and underscores
  ModelChoice choice;
  InputShape input_shape;
  int64_t features;
  bool has_dropout, normalises_batches;
  std::string first_parameter, last_parameter;
  int64_t samples = 4;  // of a batch
};

inline void PrintTo(const NetworkRow& row, std::ostream* out) {
  *out << row.name;
}

const std::vector<NetworkRow>& NetworkTable();

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_MODEL_NETWORK_TABLE_H_
