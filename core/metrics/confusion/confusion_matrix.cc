#include "core/metrics/confusion/confusion_matrix.h"

#include <algorithm>
#include <set>

namespace reprise {

void ConfusionMatrix::Add(const ConfusionCounts& counts) {
  for (const ConfusionCount& count : counts) {
    rows_[count.true_class][count.predicted_class] += count.samples;
  }
}

std::vector<int64_t> ConfusionMatrix::TrueClasses() const {
  std::vector<int64_t> classes;
  for (const auto& [true_class, row] : rows_) classes.push_back(true_class);
  return classes;
}

std::vector<int64_t> ConfusionMatrix::PredictedClasses() const {
  std::set<int64_t> classes;
  for (const auto& [true_class, row] : rows_) {
    classes.insert(true_class);
    for (const auto& [predicted_class, samples] : row) {
      classes.insert(predicted_class);
    }
  }
  const bool has_none = classes.erase(kNoClass) > 0;
  std::vector<int64_t> ordered(classes.begin(), classes.end());
  if (has_none) ordered.push_back(kNoClass);
  return ordered;
}

int64_t ConfusionMatrix::At(int64_t true_class, int64_t predicted_class) const {
  const auto row = rows_.find(true_class);
  if (row == rows_.end()) return 0;
  const auto count = row->second.find(predicted_class);
  return count == row->second.end() ? 0 : count->second;
}

int64_t ConfusionMatrix::RowSum(int64_t true_class) const {
  int64_t sum = 0;
  const auto row = rows_.find(true_class);
  if (row == rows_.end()) return 0;
  for (const auto& [predicted_class, samples] : row->second) sum += samples;
  return sum;
}

void HeadConfusions::Add(const TestRecord& record) {
  if (!record.confusion.has_value()) return;
  if (record.task != task_) heads_.clear();
  task_ = record.task;
  auto head = std::find_if(
      heads_.begin(), heads_.end(),
      [&](const Head& candidate) { return candidate.name == record.head; });
  if (head == heads_.end()) head = heads_.insert(head, {record.head, {}});
  head->matrix.Add(*record.confusion);
}

const std::vector<HeadConfusions::Head>& HeadConfusions::OfTask(
    int64_t task) const {
  static const std::vector<Head>& none = *new std::vector<Head>();
  return task == task_ ? heads_ : none;
}

}  // namespace reprise
