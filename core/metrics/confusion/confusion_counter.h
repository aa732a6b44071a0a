// Counts which class a head took each test sample for. Dense, so that ranks are
// merged by the element-wise sum of plain arrays of one size. Not thread-safe.
#ifndef REPRISE_CORE_METRICS_CONFUSION_CONFUSION_COUNTER_H_
#define REPRISE_CORE_METRICS_CONFUSION_CONFUSION_COUNTER_H_

#include <cstdint>
#include <vector>

#include "core/metrics/metric_sink.h"

namespace reprise {

class ConfusionCounter {
 public:
  // `classes`: the true ones, ascending, each once, in [0, num_classes). They
  // alone have rows: a task's test set has a few of all classes.
  ConfusionCounter(std::vector<int64_t> classes, int64_t num_classes);

  // `true_class` is one of the classes, predicted_class in [0, num_classes) or
  // kNoClass.
  void Add(int64_t true_class, int64_t predicted_class);

  // [classes, num_classes + 1], the last column for kNoClass. To be summed over
  // ranks in place.
  std::vector<int64_t>& counts() { return counts_; }

  // What is not 0, by true and then by predicted class, kNoClass last.
  ConfusionCounts NonZero() const;

 private:
  std::vector<int64_t> classes_;
  int64_t num_classes_;
  std::vector<int64_t> counts_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_CONFUSION_CONFUSION_COUNTER_H_
