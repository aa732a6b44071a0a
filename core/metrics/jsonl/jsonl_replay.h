// Plays metrics.jsonl back into a sink, record by record as the run reported
// it: every other result can be made again from it.
#ifndef REPRISE_CORE_METRICS_JSONL_JSONL_REPLAY_H_
#define REPRISE_CORE_METRICS_JSONL_JSONL_REPLAY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

struct ReplayOptions {
  // Asked of each step record, in their order; what it does not want is not
  // even parsed, which is most of the time of a long file. The last of those
  // that follow one another is played in any case: it says how far an epoch
  // came. nullptr: all are wanted.
  std::function<bool()> wants_step;
};

struct ReplayedFile {
  int64_t records = 0;    // whole lines, played or not
  int64_t cut_bytes = 0;  // of a last record without a line end, left out
};

// Records have their stamps; RunStart has the id of the run and no results
// folder. A null where a number is needed was not finite: NaN. Fields of
// `timing` that a file of an older version lacks keep their defaults.
//
// DataError naming file, line and offset for a line that is no record of a
// known schema (jsonl_reader.h), lacks a field, or has one of another type;
// values are not checked beyond that. StorageError. The sink's own first
// failure, as it is. Memory is bounded, whatever the file's size.
absl::StatusOr<ReplayedFile> ReplayJsonl(const std::string& path,
                                         MetricSink& sink,
                                         const ReplayOptions& options = {});

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_JSONL_JSONL_REPLAY_H_
