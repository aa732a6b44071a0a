// CANDLE's NT3 (tumour or normal tissue by gene expression):
// nt_train2.csv and nt_test2.csv in the first of <dir>/CANDLE/ and <dir>/ that
// has any of them, as nt3_csv.h reads them, through the binary cache of
// nt3_cache.h.
#ifndef REPRISE_DATA_CANDLE_CANDLE_H_
#define REPRISE_DATA_CANDLE_CANDLE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "data/candle/nt3_csv.h"
#include "data/dataset.h"
#include "data/near_miss.h"

namespace reprise {

struct CandleOptions {
  // Of the parser, where there is no cache yet.
  int threads = 1;
  // The scale of the features is that of the training rows alone; upstream took
  // the test rows, too, which lets test data into the training.
  bool scale_on_test_too = false;
  // Whether the files are parsed though there is a cache, which is held against
  // them (Nt3CacheUse::kVerify).
  bool verify = false;
  // Another number of columns, for tests.
  int64_t features = Nt3CsvOptions().features;
};

// For FindDatasets: what tells that a folder holds NT3.
std::vector<std::string> CandleEntries();

// What tells that NT3 lies there in a form that ReadCandle does not take.
std::vector<Clue> CandleClues();

// Two classes; fp32 rows [1, 1, 60483], mapped; element_scale is 1 / max |x| of
// each feature (max_abs.h), the same in both splits. `folder` is <dir> above: a
// folder of data sets, or CANDLE's own. absl::IsNotFound if it holds none of
// the two files (the caller may choose the stand-in); DataError naming the file
// if one is missing or not what it should be. `warnings` as LoadNt3's.
absl::StatusOr<DatasetPair> ReadCandle(const std::string& folder,
                                       const CandleOptions& options,
                                       std::vector<std::string>* warnings);

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_CANDLE_H_
