// NT3's rows from a binary file that was made of the CSV once: mapped, so that
// nothing is parsed or copied and the processes of a node share the memory.
//
// The cache lies beside the CSV (nt_train2.csv.cache) or, where that folder
// cannot be written to, in $XDG_CACHE_HOME/reprise/candle or
// ~/.cache/reprise/candle. It is good while the CSV has the FileStamp of the
// one that it was made from, so a copied CSV is parsed once more; it may be
// deleted at any time.
//
// File, version 2, little-endian: a Header (nt3_cache.cc), labels int32 [rows],
// max_abs fp32 [features], zeros up to a multiple of 4096 bytes, the rows, fp32
// [rows, features]. The header has the size of all and a checksum of all but
// the rows; a file that disagrees with them is damaged. A digest of the rows is
// there too, but only Nt3CacheUse::kVerify computes it again.
#ifndef REPRISE_DATA_CANDLE_NT3_CACHE_H_
#define REPRISE_DATA_CANDLE_NT3_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/candle/nt3_csv.h"

namespace reprise {

struct Nt3Split {
  // fp32 [labels.size(), features]: mapped read-only from the cache, or in
  // memory where none could be written.
  std::shared_ptr<const std::byte> rows;
  std::vector<int32_t> labels;
  std::vector<float> max_abs;  // MaxAbsOf the rows, [features]
  std::string digest;          // of the CSV: Nt3Rows::digest
  bool from_cache = false;     // nothing was parsed
};

enum class Nt3CacheUse {
  kTrust,
  // The CSV is parsed in any case, and a cache that fits it held against what
  // it says: DataError naming the cache and the remedy if they differ.
  kVerify,
};

// Rows, labels and largest magnitudes of the CSV at `path`: from its cache,
// which is made where it is absent, old or damaged. Failures are ReadNt3Csv's.
// What the user should know, but nothing that stops the run, is appended to
// `warnings`, one line each: that a damaged cache was made anew, that none
// could be written. Of several processes that find no cache one makes it while
// the others wait, on file systems with locks; on others each makes it, and
// one's stays. Thread-safe.
absl::StatusOr<Nt3Split> LoadNt3(const std::string& path,
                                 const Nt3CsvOptions& options, Nt3CacheUse use,
                                 std::vector<std::string>* warnings);

// Where the caches of the CSV at `path` may lie, in the order of preference;
// the second is absent where the environment names no home.
std::vector<std::string> Nt3CachePaths(const std::string& path);

}  // namespace reprise

#endif  // REPRISE_DATA_CANDLE_NT3_CACHE_H_
