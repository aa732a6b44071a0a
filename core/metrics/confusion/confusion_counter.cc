#include "core/metrics/confusion/confusion_counter.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"

namespace reprise {

ConfusionCounter::ConfusionCounter(std::vector<int64_t> classes,
                                   int64_t num_classes)
    : classes_(std::move(classes)),
      num_classes_(num_classes),
      counts_(classes_.size() * (num_classes + 1)) {}

void ConfusionCounter::Add(int64_t true_class, int64_t predicted_class) {
  const auto row =
      std::lower_bound(classes_.begin(), classes_.end(), true_class);
  REPRISE_CHECK(row != classes_.end() && *row == true_class)
      << "class " << true_class << " has no row";
  REPRISE_CHECK(kNoClass <= predicted_class && predicted_class < num_classes_)
      << "class " << predicted_class << " of " << num_classes_;
  const int64_t column =
      predicted_class == kNoClass ? num_classes_ : predicted_class;
  ++counts_[(row - classes_.begin()) * (num_classes_ + 1) + column];
}

ConfusionCounts ConfusionCounter::NonZero() const {
  ConfusionCounts found;
  const int64_t columns = num_classes_ + 1;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const int64_t column = static_cast<int64_t>(i) % columns;
    found.push_back({classes_[i / columns],
                     column == num_classes_ ? kNoClass : column, counts_[i]});
  }
  return found;
}

}  // namespace reprise
