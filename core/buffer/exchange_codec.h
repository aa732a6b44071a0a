// The wire format of the rehearsal buffer's exchange: what one rank sends to
// another in a step. Pure bytes; who gets which row is decided elsewhere
// (step_exchange.h).
//
//   offset  0                8         16                     L
//          | task << 32|step | digest  | labels, int32 each ..| records ...
//                                                      L = up8(16 + 4 labels)
//   record | id, int64 | row, up8(row bytes), none where rows go on their own |
//
// up8 rounds up to a multiple of 8, so every message and every row begins on
// one where the first message does; fp32 rows are read where they lie. Padding
// is unspecified. Numbers are of the host's byte order, the same on all ranks
// of a job.
#ifndef REPRISE_CORE_BUFFER_EXCHANGE_CODEC_H_
#define REPRISE_CORE_BUFFER_EXCHANGE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace reprise {

struct ExchangeHeader {
  int64_t task = 0;     // in [0, 2^31)
  int64_t step = 0;     // of the task, in [0, 2^32)
  uint64_t digest = 0;  // of the buffer's metadata

  friend bool operator==(const ExchangeHeader& a, const ExchangeHeader& b) {
    return a.task == b.task && a.step == b.step && a.digest == b.digest;
  }
};

// A message read where it lies: valid as long as its bytes are. Indices are
// below the counts that it was decoded with.
class ExchangeMessage {
 public:
  const ExchangeHeader& header() const { return header_; }
  // Of the candidates that the sender met, as sent: not checked.
  int32_t label(int64_t number) const;
  int64_t id(int64_t record) const;
  // Of records of no row bytes: nothing to be read.
  const std::byte* row(int64_t record) const;

 private:
  friend class ExchangeCodec;

  ExchangeHeader header_;
  const std::byte* labels_ = nullptr;
  const std::byte* records_ = nullptr;
  int64_t record_bytes_ = 0;
};

// Immutable, thread-safe.
class ExchangeCodec {
 public:
  // Of the row in a record; 0: rows go on their own.
  explicit ExchangeCodec(int64_t row_bytes) : row_bytes_(row_bytes) {}

  // Of a whole message; counts are not negative.
  int64_t MessageBytes(int64_t labels, int64_t records) const;

  // Writes the head of `message`, which has room for all of it.
  void EncodeHead(const ExchangeHeader& header,
                  const std::vector<int32_t>& labels, std::byte* message) const;
  // Writes the id of record `number` of a message of `labels` labels. The
  // result is where its row goes.
  std::byte* EncodeRecord(int64_t labels, int64_t number, int64_t id,
                          std::byte* message) const;

  // DistributedError where `bytes` is not the message of so many labels and
  // records, whatever the numbers are: nothing is read beyond it.
  absl::StatusOr<ExchangeMessage> Decode(absl::Span<const std::byte> bytes,
                                         int64_t labels, int64_t records) const;

 private:
  int64_t HeadBytes(int64_t labels) const;
  int64_t RecordBytes() const;

  int64_t row_bytes_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_EXCHANGE_CODEC_H_
