#include "core/metrics/accuracy/accuracy_matrix.h"

#include <algorithm>

#include "core/base/check.h"

namespace reprise {

AccuracyMatrix::AccuracyMatrix(int64_t num_tasks)
    : num_tasks_(num_tasks), entries_(num_tasks * num_tasks) {
  REPRISE_CHECK(num_tasks >= 1) << "num_tasks = " << num_tasks;
}

size_t AccuracyMatrix::Index(int64_t task, int64_t test_task) const {
  REPRISE_CHECK(0 <= test_task && test_task <= task && task < num_tasks_)
      << "a(" << task << ", " << test_task << ") of " << num_tasks_ << " tasks";
  return static_cast<size_t>(task * num_tasks_ + test_task);
}

void AccuracyMatrix::Set(int64_t task, int64_t test_task,
                         std::optional<double> accuracy, int64_t samples) {
  entries_[Index(task, test_task)] = {accuracy, samples};
}

std::optional<double> AccuracyMatrix::At(int64_t task,
                                         int64_t test_task) const {
  return entries_[Index(task, test_task)].accuracy;
}

std::optional<double> AccuracyMatrix::TaskMean(int64_t task) const {
  double sum = 0;
  for (int64_t j = 0; j <= task; ++j) {
    if (!At(task, j).has_value()) return std::nullopt;
    sum += *At(task, j);
  }
  return sum / static_cast<double>(task + 1);
}

std::optional<double> AccuracyMatrix::SampleMean(int64_t task) const {
  double sum = 0;
  int64_t samples = 0;
  for (int64_t j = 0; j <= task; ++j) {
    const Entry& entry = entries_[Index(task, j)];
    if (!entry.accuracy.has_value()) return std::nullopt;
    sum += *entry.accuracy * static_cast<double>(entry.samples);
    samples += entry.samples;
  }
  if (samples == 0) return std::nullopt;
  return sum / static_cast<double>(samples);
}

std::optional<double> AccuracyMatrix::AverageIncremental() const {
  double sum = 0;
  for (int64_t i = 0; i < num_tasks_; ++i) {
    const std::optional<double> mean = SampleMean(i);
    if (!mean.has_value()) return std::nullopt;
    sum += *mean;
  }
  return sum / static_cast<double>(num_tasks_);
}

std::optional<double> AccuracyMatrix::Forgetting() const {
  const int64_t last = num_tasks_ - 1;
  if (last == 0) return std::nullopt;
  double sum = 0;
  for (int64_t j = 0; j < last; ++j) {
    if (!At(last, j).has_value()) return std::nullopt;
    double best = 0;
    for (int64_t i = j; i < last; ++i) {
      if (!At(i, j).has_value()) return std::nullopt;
      best = std::max(best, *At(i, j));
    }
    sum += best - *At(last, j);
  }
  return sum / static_cast<double>(last);
}

std::optional<double> AccuracyMatrix::BackwardTransfer() const {
  const int64_t last = num_tasks_ - 1;
  if (last == 0) return std::nullopt;
  double sum = 0;
  for (int64_t j = 0; j < last; ++j) {
    if (!At(last, j).has_value() || !At(j, j).has_value()) return std::nullopt;
    sum += *At(last, j) - *At(j, j);
  }
  return sum / static_cast<double>(last);
}

AccuracyMatrix AccuracyMatrix::First(int64_t tasks) const {
  REPRISE_CHECK(1 <= tasks && tasks <= num_tasks_)
      << tasks << " of " << num_tasks_ << " tasks";
  AccuracyMatrix first(tasks);
  for (int64_t i = 0; i < tasks; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      first.entries_[first.Index(i, j)] = entries_[Index(i, j)];
    }
  }
  return first;
}

std::vector<AccuracyMatrix::Measure> AccuracyMatrix::Measures() const {
  const int64_t last = num_tasks_ - 1;
  return {
      {"task_mean_accuracy", "A(T) = 1/T sum_j a(T,j)", TaskMean(last)},
      {"sample_mean_accuracy", "S(T) = sum_j n(j) a(T,j) / sum_j n(j)",
       SampleMean(last)},
      {"average_incremental_accuracy", "1/T sum_i S(i)", AverageIncremental()},
      {"forgetting", "1/(T-1) sum_{j<T} [max_{j<=i<T} a(i,j) - a(T,j)]",
       Forgetting()},
      {"backward_transfer", "1/(T-1) sum_{j<T} [a(T,j) - a(j,j)]",
       BackwardTransfer()},
  };
}

void HeadMatrices::Add(const TestRecord& record) {
  if (record.epoch == 0) return;
  auto head = std::find_if(
      heads_.begin(), heads_.end(),
      [&](const Head& candidate) { return candidate.name == record.head; });
  if (head == heads_.end()) {
    head = heads_.insert(
        record.primary ? heads_.begin() : heads_.end(),
        {record.head, record.primary, AccuracyMatrix(num_tasks_)});
  }
  head->matrix.Set(record.task, record.test_task, record.top1, record.samples);
}

}  // namespace reprise
