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

class TensorRows final : public RowStore {
 public:
  TensorRows(c10::Device device, int64_t row_bytes, Communicator* communicator)
      : device_(device), row_bytes_(row_bytes), communicator_(communicator) {}

  ~TensorRows() override {
    // The communicator may still write into the memory that goes.
    for (const Side& side : sides_) {
      if (side.work != nullptr) (void)side.work->Wait();
    }
  }

  bool is_on_device() const override { return true; }

  void Put(const RowRef& to, const std::byte* bytes) override {
    if (to.group >= static_cast<int64_t>(block_rows_.size())) {
      block_rows_.resize(to.group + 1);
    }
    std::vector<int64_t>& rows = block_rows_[to.group];
    const int64_t size = static_cast<int64_t>(rows.size());
    REPRISE_CHECK(to.row <= size) << "row " << to.row << " of " << size;
    if (to.row == size) {
      if (free_.empty()) {
        rows.push_back(used_++);
      } else {
        rows.push_back(free_.back());
        free_.pop_back();
      }
    }
    arriving_[rows[to.row]] = bytes;
  }

  void MoveLastTo(const RowRef& to) override {
    std::vector<int64_t>& rows = block_rows_[to.group];
    // What leaves before the Flush that would bring it need not come.
    arriving_.erase(rows[to.row]);
    free_.push_back(rows[to.row]);
    rows[to.row] = rows.back();
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

  absl::Status Read(const RowRef& from, std::byte* bytes) const override {
    return CatchTorch("reading a rehearsed row", [&] {
      at::from_blob(bytes, {row_bytes_}, at::kByte)
          .copy_(block_[block_rows_[from.group][from.row]]);
      return absl::OkStatus();
    });
  }

  int64_t bytes_in_message() const override { return 0; }
  int64_t bytes_on_their_own() const override { return row_bytes_; }
  void Pack(const RowRef&, std::byte*) const override {}

  absl::Status StartExchange(int side, const std::vector<RowRef>& leaving,
                             const std::vector<int64_t>& rows_to,
                             const std::vector<int64_t>& rows_from) override {
    Side& exchange = sides_[side];
    REPRISE_CHECK(exchange.work == nullptr) << "StartExchange before Finish";
    return CatchTorch("packing rehearsed rows", [&] {
      std::vector<int64_t> numbers;
      for (const RowRef& from : leaving) {
        numbers.push_back(block_rows_[from.group][from.row]);
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

  const std::byte* Received(int side, int64_t number,
                            const std::byte*) const override {
    return static_cast<const std::byte*>(sides_[side].received.data_ptr()) +
           number * row_bytes_;
  }

  absl::Status ReadReceived(const std::byte* row,
                            std::byte* bytes) const override {
    return CatchTorch("reading a drawn row", [&] {
      for (const Side& side : sides_) {
        if (!side.received.defined()) continue;
        const int64_t offset =
            row - static_cast<const std::byte*>(side.received.data_ptr());
        if (offset < 0 || offset >= side.received.numel()) continue;
        at::from_blob(bytes, {row_bytes_}, at::kByte)
            .copy_(side.received[offset / row_bytes_]);
        return absl::OkStatus();
      }
      return absl::InternalError("the row was not received");
    });
  }

  absl::Status SetReceived(int side, const std::byte* rows,
                           int64_t count) override {
    return CatchTorch("restoring drawn rows", [&] {
      sides_[side].received =
          at::from_blob(const_cast<std::byte*>(rows), {count, row_bytes_},
                        at::kByte)
              .to(device_, at::kByte, /*non_blocking=*/false, /*copy=*/true);
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
  std::vector<std::vector<int64_t>> block_rows_;  // by group and row
  int64_t used_ = 0;           // rows of the block that are or were in use
  std::vector<int64_t> free_;  // of these, those that no group has
  // Rows of the block that the next Flush fills.
  absl::flat_hash_map<int64_t, const std::byte*> arriving_;
  Side sides_[2];
};

}  // namespace

std::unique_ptr<RowStore> MakeTensorRows(c10::Device device, int64_t row_bytes,
                                         Communicator* communicator) {
  return std::make_unique<TensorRows>(device, row_bytes, communicator);
}

}  // namespace reprise
