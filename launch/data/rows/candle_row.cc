#include "launch/data/rows/candle_row.h"

#include <cstdint>
#include <tuple>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "data/candle/candle.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/dataset.h"
#include "data/synthetic/candle_like.h"

namespace reprise {
namespace {

// Rows per split of the generated NT3 under --quick: a row has 242 KB.
constexpr int64_t kQuickRows = 32;

absl::StatusOr<DatasetPair> Read(const std::string& datasets,
                                 const ReadOptions& options,
                                 std::vector<std::string>* warnings) {
  CandleOptions candle;
  candle.threads = options.threads;
  candle.scale_on_test_too = options.as_upstream;
  candle.verify = options.verify;
  return ReadCandle(datasets, candle, warnings);
}

DatasetPair Generate(uint64_t seed, bool quick) {
  return quick ? GenerateCandleLike(seed, kQuickRows, kQuickRows)
               : GenerateCandleLike(seed);
}

absl::StatusOr<std::string> JudgeCandle(const DatasetRow&,
                                        const DatasetPair& pair) {
  for (const auto& [name, split, expected] :
       {std::make_tuple("training", pair.train.get(), int64_t{1120}),
        std::make_tuple("test", pair.test.get(), int64_t{280})}) {
    if (split->size() == expected) continue;
    return DataError(
        absl::StrCat(pair.source, ": expected ", expected, " ", name,
                     " rows, as published, found ", split->size(),
                     "; remedy: replace it with the published data set"));
  }
  return "1,120 and 280 rows, as published; caches in order; nobody publishes "
         "digests of NT3";
}

}  // namespace

DatasetRow CandleRow() {
  DatasetRow row;
  row.name = "candle";
  row.shape = {1, 1, 60483};
  row.augmentable = false;
  // A sample takes CANDLENet up to a second.
  row.quick = {24, 16, 8};
  row.entry = "CANDLE";
  row.folder = "CANDLE";
  row.entries = CandleEntries();
  row.looked_for = "CANDLE/ or nt_train2.csv";
  row.clues = CandleClues();
  row.read = Read;
  row.generate = Generate;
  row.write = WriteCandle;
  row.by_hand =
      "nobody publishes digests of NT3, so nothing could check a download: get "
      "nt_train2.csv and nt_test2.csv from "
      "http://ftp.mcs.anl.gov/pub/candle/public/benchmarks/Pilot1/normal-tumor "
      "into CANDLE/, then run 'reprise data verify candle'";
  row.judge = JudgeCandle;
  return row;
}

}  // namespace reprise
