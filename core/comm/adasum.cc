#include "core/comm/adasum.h"

#include <cstring>
#include <numeric>
#include <utility>

#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// 1 - a.b / (2 |v|^2). A zero vector's factor does not matter.
double FactorOf(double dot, double square) {
  return square == 0 ? 1 : 1 - dot / (2 * square);
}

// `mine` becomes the combination. `low` and `high` are `mine` and the partner's
// in the order of rank, so that both partners add in the same order.
template <typename T>
void CombineAs(const T* low, const T* high, int64_t count, T* mine) {
  double dot = 0, low_square = 0, high_square = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double l = low[i], h = high[i];
    dot += l * h;
    low_square += l * l;
    high_square += h * h;
  }
  const double low_factor = FactorOf(dot, low_square);
  const double high_factor = FactorOf(dot, high_square);
  for (int64_t i = 0; i < count; ++i) {
    mine[i] = static_cast<T>(low_factor * low[i] + high_factor * high[i]);
  }
}

template <typename T>
void CombineEach(const std::vector<int64_t>& sizes, bool received_is_higher,
                 const void* received, void* flat) {
  const T* other = static_cast<const T*>(received);
  T* mine = static_cast<T*>(flat);
  for (const int64_t size : sizes) {
    received_is_higher ? CombineAs<T>(mine, other, size, mine)
                       : CombineAs<T>(other, mine, size, mine);
    mine += size;
    other += size;
  }
}

}  // namespace

Adasum::Adasum(Communicator& communicator, std::vector<int64_t> sizes,
               void* flat, DType dtype)
    : communicator_(communicator),
      sizes_(std::move(sizes)),
      flat_(static_cast<char*>(flat)),
      dtype_(dtype) {
  REPRISE_CHECK(dtype == DType::kFloat32 || dtype == DType::kFloat64);
  if (communicator.world_size() == 1) return;
  received_.resize(std::accumulate(sizes_.begin(), sizes_.end(), int64_t{0}) *
                   SizeInBytes(dtype));
}

absl::Status Adasum::Combine() {
  const int rank = communicator_.rank(),
            world_size = communicator_.world_size();
  int paired = 1;  // P
  while (2 * paired <= world_size) paired *= 2;
  const int rest = world_size - paired;
  const bool has_extra = rank < rest, is_extra = rank >= paired;
  if (rest > 0) {
    REPRISE_RETURN_IF_ERROR(Exchange(is_extra ? rank - paired : -1,
                                     has_extra ? rank + paired : -1));
    if (has_extra) CombineWithReceived(/*received_is_higher=*/true);
  }
  for (int distance = 1; distance < paired; distance *= 2) {
    const int partner = is_extra ? -1 : rank ^ distance;
    REPRISE_RETURN_IF_ERROR(Exchange(partner, partner));
    if (!is_extra) CombineWithReceived(partner > rank);
  }
  if (rest > 0) {
    REPRISE_RETURN_IF_ERROR(Exchange(has_extra ? rank + paired : -1,
                                     is_extra ? rank - paired : -1));
    if (is_extra) std::memcpy(flat_, received_.data(), received_.size());
  }
  return absl::OkStatus();
}

absl::Status Adasum::Exchange(int to, int from) {
  std::vector<int64_t> sent(communicator_.world_size(), 0), received = sent;
  if (to >= 0) sent[to] = static_cast<int64_t>(received_.size());
  if (from >= 0) received[from] = static_cast<int64_t>(received_.size());
  return communicator_
      .AllToAllv(flat_, std::move(sent), received_.data(), std::move(received))
      ->Wait();
}

void Adasum::CombineWithReceived(bool received_is_higher) {
  dtype_ == DType::kFloat64
      ? CombineEach<double>(sizes_, received_is_higher, received_.data(), flat_)
      : CombineEach<float>(sizes_, received_is_higher, received_.data(), flat_);
}

}  // namespace reprise
