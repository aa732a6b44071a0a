#include "core/tensor/augmentation.h"

#include "core/base/check.h"
#include "core/base/philox.h"

namespace reprise {
namespace {

constexpr int kPadding = 4;

}  // namespace

std::vector<Placement> StandardPlacements(
    uint64_t seed, uint32_t task, uint32_t step,
    const std::vector<int64_t>& positions) {
  std::vector<Placement> placements;
  placements.reserve(positions.size());
  for (const int64_t position : positions) {
    REPRISE_CHECK(position >= 0 && position <= UINT32_MAX)
        << "position " << position;
    PhiloxStream stream({seed, Purpose::kAugmentation, task, step,
                         static_cast<uint32_t>(position)});
    const auto offset = [&stream] {
      return static_cast<int8_t>(
          static_cast<int>(stream.NextBelow(2 * kPadding + 1)) - kPadding);
    };
    Placement placement;
    placement.dy = offset();
    placement.dx = offset();
    placement.flip = stream.NextBelow(2) == 1;
    placements.push_back(placement);
  }
  return placements;
}

}  // namespace reprise
