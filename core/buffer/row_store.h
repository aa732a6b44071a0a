// Where the rows of a rank's representatives lie: in host memory (host_rows.h)
// or in that of a device (core/device/tensor_rows.h). The buffer keeps which
// row is whose; a store moves bytes.
#ifndef REPRISE_CORE_BUFFER_ROW_STORE_H_
#define REPRISE_CORE_BUFFER_ROW_STORE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// A row of this rank: the rows of a group are numbered from 0 without gaps
// (slot_directory.h).
struct RowRef {
  int64_t group = 0, row = 0;
};

// A step's exchange carries the id of each drawn row in the message of
// exchange_codec.h. Its bytes go with the id where the host has them; from a
// device they go on their own, without passing through the host. Either store
// has both functions, of which one has nothing to do, so that the buffer need
// not know which one it has.
//
// Not thread-safe. Rows are of row_bytes bytes, given when the store is made.
class RowStore {
 public:
  virtual ~RowStore() = default;

  virtual bool is_on_device() const = 0;

  // `bytes`, in host memory, are what `to` holds from the next Flush on; they
  // stay valid until then. The row is at most one past the group's last.
  virtual void Put(const RowRef& to, const std::byte* bytes) = 0;
  // The group's last row takes the place of the one there.
  virtual void MoveLastTo(const RowRef& to) = 0;
  // The device's error as InternalError; host memory has none.
  virtual absl::Status Flush() = 0;

  // Copies a row to host memory. Errors as Flush.
  virtual absl::Status Read(const RowRef& from, std::byte* bytes) const = 0;

  // Bytes of a row that go in the message, and on their own: row_bytes and 0,
  // or 0 and row_bytes.
  virtual int64_t bytes_in_message() const = 0;
  virtual int64_t bytes_on_their_own() const = 0;

  // Writes a row's bytes_in_message().
  virtual void Pack(const RowRef& from, std::byte* message) const = 0;

  // Collective over the ranks that share the buffer. Sends copies of `leaving`,
  // rows_to[r] of them to rank r in this order, and expects rows_from[r] rows
  // from it, on one of two sides in turn: what a side received stays valid
  // until it is used again. InternalError of the device.
  virtual absl::Status StartExchange(int side,
                                     const std::vector<RowRef>& leaving,
                                     const std::vector<int64_t>& rows_to,
                                     const std::vector<int64_t>& rows_from) = 0;
  // Waits for it; its error is the communicator's. OK where none was started.
  virtual absl::Status FinishExchange(int side) = 0;
  // Where row `number` of what a side received, by sending rank, lies: in
  // device memory, or at `in_message`, where the message has it.
  virtual const std::byte* Received(int side, int64_t number,
                                    const std::byte* in_message) const = 0;

  // For states. Copies a row that Received gave to host memory; and makes
  // `rows`, in host memory, what a side has received, with nothing under way.
  // Errors as Flush.
  virtual absl::Status ReadReceived(const std::byte* row,
                                    std::byte* bytes) const = 0;
  virtual absl::Status SetReceived(int side, const std::byte* rows,
                                   int64_t count) = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_ROW_STORE_H_
