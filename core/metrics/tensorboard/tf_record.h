// The records of TensorFlow's event files: TFRecord, as tensorflow/core/lib/io/
// record_writer.h describes it. A record is
//   uint64 length, uint32 masked CRC of the length, data, uint32 masked CRC of
//   the data
// little-endian; CRCs are CRC-32C (Castagnoli, RFC 3720 appendix B.4).
//
// Our own twenty lines: Abseil has CRC-32C from LTS 20230125 on, and the pinned
// one is of 2022.
#ifndef REPRISE_CORE_METRICS_TENSORBOARD_TF_RECORD_H_
#define REPRISE_CORE_METRICS_TENSORBOARD_TF_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace reprise {

uint32_t Crc32c(absl::string_view bytes);

// `data` as a record.
std::string TfRecord(absl::string_view data);

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_TENSORBOARD_TF_RECORD_H_
