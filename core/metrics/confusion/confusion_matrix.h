// The confusion matrix of a head over all classes that it has seen, put
// together from what the test records of a task's last evaluation say of one
// task's test set each.
#ifndef REPRISE_CORE_METRICS_CONFUSION_CONFUSION_MATRIX_H_
#define REPRISE_CORE_METRICS_CONFUSION_CONFUSION_MATRIX_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/metrics/metric_sink.h"

namespace reprise {

class ConfusionMatrix {
 public:
  // Adds to what is there: in the instance scenario tasks share classes.
  void Add(const ConfusionCounts& counts);

  // Rows: the true classes, ascending. Columns: these and all that were
  // predicted, ascending, with kNoClass last.
  std::vector<int64_t> TrueClasses() const;
  std::vector<int64_t> PredictedClasses() const;

  // Samples of `true_class` that were taken for `predicted_class`; 0 where
  // there are none.
  int64_t At(int64_t true_class, int64_t predicted_class) const;
  // Samples of `true_class`.
  int64_t RowSum(int64_t true_class) const;

 private:
  std::map<int64_t, std::map<int64_t, int64_t>> rows_;
};

// One matrix per head, in the order in which the heads appear, of the task
// whose records came last.
class HeadConfusions {
 public:
  // Records without counts are passed over.
  void Add(const TestRecord& record);

  struct Head {
    std::string name;
    ConfusionMatrix matrix;
  };
  // Of `task`; empty where it has none.
  const std::vector<Head>& OfTask(int64_t task) const;

 private:
  int64_t task_ = -1;  // of `heads_`
  std::vector<Head> heads_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_CONFUSION_CONFUSION_MATRIX_H_
