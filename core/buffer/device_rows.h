// Rows of a rehearsal buffer in the memory of a device, from where they go to
// other ranks and into the batch without passing through the host. The buffer
// keeps which row is whose; this moves bytes. Implemented by
// core/device/tensor_rows.h.
#ifndef REPRISE_CORE_BUFFER_DEVICE_ROWS_H_
#define REPRISE_CORE_BUFFER_DEVICE_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"

namespace reprise {

// Groups and slots are the buffer's; slots of a group are dense. Not
// thread-safe.
class DeviceRows {
 public:
  struct Place {
    int64_t group = 0, slot = 0;
  };

  virtual ~DeviceRows() = default;

  // `row`, in host memory, is what `place` holds from the next Flush on; it
  // stays valid until then. The slot is at most one past the group's last.
  virtual void Put(const Place& place, const std::byte* row) = 0;
  // The group's last row takes the place of the one there.
  virtual void MoveLastTo(const Place& place) = 0;
  virtual absl::Status Flush() = 0;

  // Collective over the ranks that share the buffer. Sends copies of `leaving`,
  // rows_to[r] of them to rank r in this order, and expects rows_from[r] rows
  // from it, on one of two sides in turn: what a side received stays valid
  // until it is used again.
  virtual absl::Status StartExchange(int side,
                                     const std::vector<Place>& leaving,
                                     const std::vector<int64_t>& rows_to,
                                     const std::vector<int64_t>& rows_from) = 0;
  // Waits for it.
  virtual absl::Status FinishExchange(int side) = 0;
  // Of what it received, by sending rank: row `number`, in device memory.
  virtual const std::byte* Received(int side, int64_t number) const = 0;

  // Copies a row to host memory.
  virtual absl::Status Read(const Place& place, std::byte* row) const = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_DEVICE_ROWS_H_
