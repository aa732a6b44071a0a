#include "core/comm/gradients/parameter_layout.h"

#include "core/base/check.h"

namespace reprise {

ParameterLayout::ParameterLayout(const std::vector<int64_t>& sizes)
    : sizes_(sizes) {
  for (const int64_t size : sizes_) {
    REPRISE_CHECK(size >= 0) << "a parameter of " << size << " elements";
    num_values_ += size;
    offsets_.push_back(offsets_.back() +
                       (size + kAlignment - 1) / kAlignment * kAlignment);
  }
}

}  // namespace reprise
