// Writes the files that nt3_csv.h reads: generated data sets and tests.
#ifndef REPRISE_DATA_CANDLE_NT3_CSV_WRITER_H_
#define REPRISE_DATA_CANDLE_NT3_CSV_WRITER_H_

#include <string>

#include "absl/status/status.h"
#include "data/dataset.h"

namespace reprise {

// One split in NT3's layout: "0" or "1", then the numbers; each row ends with
// LF. Numbers are plain decimals that read back as the same float32: "0.0",
// seven decimals for magnitudes of 1 to 1,000,000 (8 to 14 digits), else the
// shortest text. `split` has fp32 rows of finite values. Replaces the file in
// one step; StorageError naming the path.
absl::Status WriteNt3Csv(const std::string& path, const Dataset& split);

// <folder>/CANDLE/nt_train2.csv and nt_test2.csv; the folders are created.
absl::Status WriteCandle(const std::string& folder, const DatasetPair& pair);

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_NT3_CSV_WRITER_H_
