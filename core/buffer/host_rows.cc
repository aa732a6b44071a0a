#include "core/buffer/host_rows.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "core/base/check.h"

namespace reprise {
namespace {

class HostRows final : public RowStore {
 public:
  HostRows(int64_t row_bytes, int64_t group_capacity)
      : row_bytes_(row_bytes), most_bytes_(group_capacity * row_bytes) {}

  bool is_on_device() const override { return false; }

  void Put(const RowRef& to, const std::byte* bytes) override {
    if (to.group >= static_cast<int64_t>(groups_.size())) {
      groups_.resize(to.group + 1);
    }
    std::vector<std::byte>& rows = groups_[to.group];
    const int64_t offset = to.row * row_bytes_;
    const int64_t used = static_cast<int64_t>(rows.size());
    REPRISE_CHECK(offset <= used)
        << "row " << to.row << " of " << used / row_bytes_;
    if (offset == used) {
      Grow(rows);
      rows.insert(rows.end(), bytes, bytes + row_bytes_);
    } else {
      std::copy_n(bytes, row_bytes_, rows.data() + offset);
    }
  }

  void MoveLastTo(const RowRef& to) override {
    std::vector<std::byte>& rows = groups_[to.group];
    const int64_t last = static_cast<int64_t>(rows.size()) - row_bytes_;
    // The last row may be the one that leaves: copies may not overlap.
    if (to.row * row_bytes_ != last) {
      std::copy_n(rows.data() + last, row_bytes_,
                  rows.data() + to.row * row_bytes_);
    }
    rows.resize(last);
  }

  absl::Status Flush() override { return absl::OkStatus(); }

  absl::Status Read(const RowRef& from, std::byte* bytes) const override {
    Pack(from, bytes);
    return absl::OkStatus();
  }

  int64_t bytes_in_message() const override { return row_bytes_; }
  int64_t bytes_on_their_own() const override { return 0; }

  void Pack(const RowRef& from, std::byte* message) const override {
    std::copy_n(groups_[from.group].data() + from.row * row_bytes_, row_bytes_,
                message);
  }

  absl::Status StartExchange(int, const std::vector<RowRef>&,
                             const std::vector<int64_t>&,
                             const std::vector<int64_t>&) override {
    return absl::OkStatus();
  }
  absl::Status FinishExchange(int) override { return absl::OkStatus(); }
  const std::byte* Received(int, int64_t,
                            const std::byte* in_message) const override {
    return in_message;
  }
  absl::Status ReadReceived(const std::byte* row,
                            std::byte* bytes) const override {
    std::copy_n(row, row_bytes_, bytes);
    return absl::OkStatus();
  }
  absl::Status SetReceived(int, const std::byte*, int64_t) override {
    return absl::OkStatus();
  }

 private:
  // Room for one more row. The vector's own doubling would overshoot the
  // capacity: of a full buffer up to half of the memory would lie idle.
  void Grow(std::vector<std::byte>& rows) const {
    constexpr int64_t kFirstRows = 16;
    const int64_t used = static_cast<int64_t>(rows.size());
    if (used + row_bytes_ <= static_cast<int64_t>(rows.capacity())) return;
    rows.reserve(
        std::min(std::max(2 * used, kFirstRows * row_bytes_), most_bytes_));
  }

  const int64_t row_bytes_;
  const int64_t most_bytes_;                    // of a group
  std::vector<std::vector<std::byte>> groups_;  // [rows, row_bytes] each
};

}  // namespace

std::unique_ptr<RowStore> MakeHostRows(int64_t row_bytes,
                                       int64_t group_capacity) {
  return std::make_unique<HostRows>(row_bytes, group_capacity);
}

}  // namespace reprise
