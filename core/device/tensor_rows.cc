#include "core/device/tensor_rows.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/check.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

class TensorRows final : public DeviceRows {
 public:
  TensorRows(c10::Device device, int64_t row_bytes, Communicator* communicator)
      : device_(device), row_bytes_(row_bytes), communicator_(communicator) {}

  ~TensorRows() override {
    // The communicator may still write into the memory that goes.
    for (const Side& side : sides_) {
      if (side.work != nullptr) (void)side.work->Wait();
    }
  }

  void Put(const Place& place, const std::byte* row) override {
    if (place.group >= static_cast<int64_t>(block_rows_.size())) {
      block_rows_.resize(place.group + 1);
    }
    std::vector<int64_t>& rows = block_rows_[place.group];
    const int64_t size = static_cast<int64_t>(rows.size());
    REPRISE_CHECK(place.slot <= size)
        << "slot " << place.slot << " of " << size;
    if (place.slot == size) {
      if (free_.empty()) {
        rows.push_back(used_++);
      } else {
        rows.push_back(free_.back());
        free_.pop_back();
      }
    }
    arriving_[rows[place.slot]] = row;
  }

  void MoveLastTo(const Place& place) override {
    std::vector<int64_t>& rows = block_rows_[place.group];
    arriving_.erase(rows[place.slot]);
    free_.push_back(rows[place.slot]);
    rows[place.slot] = rows.back();
    rows.pop_back();
  }

  absl::Status Flush() override {
    if (arriving_.empty()) return absl::OkStatus();
    return CatchTorch("storing rehearsed rows", [&] {
      Reserve();
      const int64_t count = static_cast<int64_t>(arriving_.size());
      const at::Tensor rows = at::empty({count, row_bytes_}, at::kByte);
      std::vector<int64_t> numbers;
      auto* to = rows.data_ptr<uint8_t>();
      for (const auto& [number, row] : arriving_) {
        numbers.push_back(number);
        std::memcpy(to, row, row_bytes_);
        to += row_bytes_;
      }
      block_.index_copy_(0, ToDevice(numbers), rows.to(device_));
      arriving_.clear();
      return absl::OkStatus();
    });
  }

  absl::Status StartExchange(int side, const std::vector<Place>& leaving,
                             const std::vector<int64_t>& rows_to,
                             const std::vector<int64_t>& rows_from) override {
    Side& exchange = sides_[side];
    REPRISE_CHECK(exchange.work == nullptr) << "StartExchange before Finish";
    return CatchTorch("packing rehearsed rows", [&] {
      std::vector<int64_t> numbers;
      for (const Place& place : leaving) {
        numbers.push_back(block_rows_[place.group][place.slot]);
      }
      exchange.sent =
          numbers.empty()
              ? at::empty({0, row_bytes_},
                          at::TensorOptions(device_).dtype(at::kByte))
              : block_.index_select(0, ToDevice(numbers));
      if (communicator_ == nullptr) {
        exchange.received = exchange.sent;
        return absl::OkStatus();
      }
      const int64_t expected =
          std::accumulate(rows_from.begin(), rows_from.end(), int64_t{0});
      if (!exchange.received.defined() ||
          exchange.received.size(0) < expected) {
        exchange.received =
            at::empty({expected, row_bytes_},
                      at::TensorOptions(device_).dtype(at::kByte));
      }
      exchange.work = communicator_->AllToAllv(
          exchange.sent.data_ptr(), Bytes(rows_to),
          exchange.received.data_ptr(), Bytes(rows_from));
      return absl::OkStatus();
    });
  }

  absl::Status FinishExchange(int side) override {
    if (sides_[side].work == nullptr) return absl::OkStatus();
    return std::exchange(sides_[side].work, nullptr)->Wait();
  }

  const std::byte* Received(int side, int64_t number) const override {
    return static_cast<const std::byte*>(sides_[side].received.data_ptr()) +
           number * row_bytes_;
  }

  absl::Status Read(const Place& place, std::byte* row) const override {
    return CatchTorch("reading a rehearsed row", [&] {
      at::from_blob(row, {row_bytes_}, at::kByte)
          .copy_(block_[block_rows_[place.group][place.slot]]);
      return absl::OkStatus();
    });
  }

 private:
  struct Side {
    at::Tensor sent, received;   // [rows, row_bytes]
    std::shared_ptr<Work> work;  // under way
  };

  at::Tensor ToDevice(std::vector<int64_t>& numbers) const {
    return at::from_blob(numbers.data(), {static_cast<int64_t>(numbers.size())},
                         at::kLong)
        .to(device_, at::kLong, /*non_blocking=*/false, /*copy=*/true);
  }

  std::vector<int64_t> Bytes(std::vector<int64_t> rows) const {
    for (int64_t& count : rows) count *= row_bytes_;
    return rows;
  }

  // Room for all rows in use.
  void Reserve() {
    constexpr int64_t kFirstRows = 64;
    const int64_t capacity = block_.defined() ? block_.size(0) : 0;
    if (used_ <= capacity) return;
    const at::Tensor grown =
        at::empty({std::max({2 * capacity, used_, kFirstRows}), row_bytes_},
                  at::TensorOptions(device_).dtype(at::kByte));
    if (capacity > 0) grown.narrow(0, 0, capacity).copy_(block_);
    block_ = grown;
  }

  const c10::Device device_;
  const int64_t row_bytes_;
  Communicator* const communicator_;              // nullptr: alone
  at::Tensor block_;                              // [capacity, row_bytes]
  std::vector<std::vector<int64_t>> block_rows_;  // by group and slot
  int64_t used_ = 0;           // rows of the block that are or were in use
  std::vector<int64_t> free_;  // of these, those that no slot has
  // Rows of the block that the next Flush fills.
  absl::flat_hash_map<int64_t, const std::byte*> arriving_;
  Side sides_[2];
};

}  // namespace

std::unique_ptr<DeviceRows> MakeTensorRows(c10::Device device,
                                           int64_t row_bytes,
                                           Communicator* communicator) {
  return std::make_unique<TensorRows>(device, row_bytes, communicator);
}

}  // namespace reprise
