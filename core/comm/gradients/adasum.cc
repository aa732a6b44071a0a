#include "core/comm/gradients/adasum.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// 1 - a.b / (2 |v|^2). A zero vector's factor does not matter.
double FactorOf(double dot, double square) {
  return square == 0 ? 1 : 1 - dot / (2 * square);
}

// Of two vectors, of one parameter.
struct Dots {
  double low_high = 0, low_low = 0, high_high = 0;
};
static_assert(sizeof(Dots) == 3 * sizeof(double));

// Adds the products of `count` elements.
template <typename T>
void AddDots(const T* low, const T* high, int64_t count, Dots* dots) {
  for (int64_t i = 0; i < count; ++i) {
    const double l = low[i], h = high[i];
    dots->low_high += l * h;
    dots->low_low += l * l;
    dots->high_high += h * h;
  }
}

// `into` is `low` or `high`.
template <typename T>
void Combine(const Dots& dots, const T* low, const T* high, int64_t count,
             T* into) {
  const double low_factor = FactorOf(dots.low_high, dots.low_low);
  const double high_factor = FactorOf(dots.low_high, dots.high_high);
  for (int64_t i = 0; i < count; ++i) {
    into[i] = static_cast<T>(low_factor * low[i] + high_factor * high[i]);
  }
}

// Calls visit(parameter, first element, count) for each parameter's part of
// [begin, end).
template <typename Visit>
void ForEachParameter(const ParameterLayout& layout, int64_t begin, int64_t end,
                      const Visit& visit) {
  for (int64_t parameter = 0; parameter < layout.num_parameters();
       ++parameter) {
    const int64_t offset = layout.offset(parameter);
    const int64_t first = std::max(begin, offset);
    const int64_t count =
        std::min(end, offset + layout.size(parameter)) - first;
    if (count > 0) visit(parameter, first, count);
  }
}

}  // namespace

Adasum::Adasum(Communicator& communicator, ParameterLayout layout, void* flat,
               DType dtype)
    : communicator_(communicator),
      layout_(std::move(layout)),
      flat_(static_cast<char*>(flat)),
      dtype_(dtype) {
  REPRISE_CHECK(dtype == DType::kFloat32 || dtype == DType::kFloat64);
  const int world_size = communicator.world_size();
  if (world_size == 1) return;
  const bool is_power = (world_size & (world_size - 1)) == 0;
  const int64_t elements = layout_.length();
  received_.resize((is_power ? (elements + 1) / 2 : elements) *
                   SizeInBytes(dtype));
}

absl::Status Adasum::Combine() {
  const int rank = communicator_.rank(),
            world_size = communicator_.world_size();
  int paired = 1;  // P
  while (2 * paired <= world_size) paired *= 2;
  const int rest = world_size - paired;
  const bool has_extra = rank < rest, is_extra = rank >= paired;
  const Range all = {0, layout_.length()};
  if (rest > 0) {
    REPRISE_RETURN_IF_ERROR(Exchange(is_extra ? rank - paired : -1, all,
                                     has_extra ? rank + paired : -1, all,
                                     received_.data()));
    REPRISE_RETURN_IF_ERROR(CombineWithReceived(all, paired, has_extra));
  }
  Range mine = all;
  std::vector<Range> before;  // what was halved, at each distance
  for (int distance = 1; distance < paired; distance *= 2) {
    const int64_t middle = mine.begin + mine.size() / 2;
    const Range lower = {mine.begin, middle}, upper = {middle, mine.end};
    const bool keeps_lower = (rank & distance) == 0;
    const int partner = is_extra ? -1 : rank ^ distance;
    before.push_back(mine);
    mine = keeps_lower ? lower : upper;
    REPRISE_RETURN_IF_ERROR(Exchange(partner, keeps_lower ? upper : lower,
                                     partner, mine, received_.data()));
    REPRISE_RETURN_IF_ERROR(CombineWithReceived(mine, distance, !is_extra));
  }
  for (int distance = paired / 2; distance > 0; distance /= 2) {
    const Range whole = before.back();
    before.pop_back();
    const int partner = is_extra ? -1 : rank ^ distance;
    const Range others = mine.begin == whole.begin
                             ? Range{mine.end, whole.end}
                             : Range{whole.begin, mine.begin};
    REPRISE_RETURN_IF_ERROR(
        Exchange(partner, mine, partner, others, At(others.begin)));
    mine = whole;
  }
  if (rest == 0) return absl::OkStatus();
  return Exchange(has_extra ? rank + paired : -1, all,
                  is_extra ? rank - paired : -1, all, flat_);
}

absl::Status Adasum::Exchange(int to, Range sent, int from, Range received,
                              char* into) {
  std::vector<int64_t> sent_bytes(communicator_.world_size(), 0),
      received_bytes = sent_bytes;
  const int64_t size = SizeInBytes(dtype_);
  if (to >= 0) sent_bytes[to] = sent.size() * size;
  if (from >= 0) received_bytes[from] = received.size() * size;
  return communicator_
      .AllToAllv(At(sent.begin), std::move(sent_bytes), into,
                 std::move(received_bytes))
      ->Wait();
}

absl::Status Adasum::CombineWithReceived(Range mine, int distance,
                                         bool takes_part) {
  const int rank = communicator_.rank();
  const bool is_low = (rank & distance) == 0;
  std::vector<Dots> dots(layout_.num_parameters());
  // Partners multiply and add in the same order.
  const auto for_each = [&](auto like, const auto& visit) {
    using T = decltype(like);
    const T* const received = reinterpret_cast<const T*>(received_.data());
    ForEachParameter(layout_, mine.begin, mine.end,
                     [&](int64_t parameter, int64_t first, int64_t count) {
                       T* const own = reinterpret_cast<T*>(At(first));
                       const T* const other = received + (first - mine.begin);
                       visit(&dots[parameter], is_low ? own : other,
                             is_low ? other : own, count, own);
                     });
  };
  const auto for_each_of_type = [&](const auto& visit) {
    dtype_ == DType::kFloat64 ? for_each(double{}, visit)
                              : for_each(float{}, visit);
  };
  if (takes_part) {
    for_each_of_type([](Dots* into, const auto* low, const auto* high,
                        int64_t count,
                        auto*) { AddDots(low, high, count, into); });
  }
  const int world_size = communicator_.world_size();
  std::vector<Dots> of_ranks(dots.size() * world_size);
  REPRISE_RETURN_IF_ERROR(
      communicator_
          .AllGather(dots.data(),
                     static_cast<int64_t>(dots.size() * sizeof(Dots)),
                     of_ranks.data())
          ->Wait());
  if (!takes_part) return absl::OkStatus();
  // The ranks that hold parts of the same two vectors. An extra rank's partner
  // holds all of both.
  const bool whole = mine.size() == layout_.length();
  const int first = whole ? rank : rank / (2 * distance) * (2 * distance);
  const int count = whole ? 1 : 2 * distance;
  dots.assign(dots.size(), Dots{});
  for (int other = first; other < first + count; ++other) {
    for (size_t parameter = 0; parameter < dots.size(); ++parameter) {
      const Dots& of_rank = of_ranks[other * dots.size() + parameter];
      dots[parameter].low_high += of_rank.low_high;
      dots[parameter].low_low += of_rank.low_low;
      dots[parameter].high_high += of_rank.high_high;
    }
  }
  for_each_of_type([](const Dots* of_parameter, const auto* low,
                      const auto* high, int64_t elements, auto* own) {
    reprise::Combine(*of_parameter, low, high, elements, own);
  });
  return absl::OkStatus();
}

char* Adasum::At(int64_t element) const {
  return flat_ + element * SizeInBytes(dtype_);
}

}  // namespace reprise
