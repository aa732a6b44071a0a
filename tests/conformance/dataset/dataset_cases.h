// The data sets that dataset_conformance_test holds to data/dataset.h: a data
// set is a row here.
#ifndef REPRISE_TESTS_CONFORMANCE_DATASET_DATASET_CASES_H_
#define REPRISE_TESTS_CONFORMANCE_DATASET_DATASET_CASES_H_

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/dtype.h"
#include "data/dataset.h"

namespace reprise {

struct DatasetCase {
  std::string name;  // DatasetPair::name
  // Entry in a folder of data sets, and where below it the files lie.
  std::string entry, folder;
  int64_t num_classes;
  DType element;
  std::vector<int64_t> shape;  // C, H, W

  // The stand-in in a small size, the same in shape and type but for `features`
  // of CANDLE, which are few.
  DatasetPair (*generate)(uint64_t seed);
  absl::Status (*write)(const std::string& datasets, const DatasetPair& pair);
  // What `write` wrote.
  absl::StatusOr<DatasetPair> (*read)(const std::string& datasets);
  // The real one, of full size.
  absl::StatusOr<DatasetPair> (*read_real)(const std::string& datasets);
};

inline void PrintTo(const DatasetCase& row, std::ostream* out) {
  *out << row.name;
}

const std::vector<DatasetCase>& DatasetCases();

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_DATASET_DATASET_CASES_H_
