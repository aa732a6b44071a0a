// The accuracy matrix of a run and the measures of continual learning that
// follow from it.
//
// a(i,j) is the top1 accuracy, in [0, 1], on task j's test set after task i has
// ended (its last epoch, never its best one), for j <= i; tasks count from 0 in
// this interface and from 1 in formulas. T is the number of tasks, n(j) the
// number of test samples of task j.
//   A(i) = 1/i sum_{j<=i} a(i,j)
//   S(i) = sum_{j<=i} n(j) a(i,j) / sum_{j<=i} n(j)
//   average incremental accuracy = 1/T sum_i S(i)
//   forgetting = 1/(T-1) sum_{j<T} [max_{j<=i<T} a(i,j) - a(T,j)]
//     (Chaudhry et al., "Riemannian Walk for Incremental Learning", ECCV 2018,
//     their F; i starts at j, since before it task j has not been learnt)
//   backward transfer = 1/(T-1) sum_{j<T} [a(T,j) - a(j,j)]
//     (Lopez-Paz and Ranzato, NIPS 2017, equation 3)
// A and S differ where tasks have different sizes; the iCaRL paper plots S. A
// measure is null where an entry that it needs is unknown; forgetting and
// backward transfer are null, not 0, at T = 1.
#ifndef REPRISE_CORE_METRICS_ACCURACY_ACCURACY_MATRIX_H_
#define REPRISE_CORE_METRICS_ACCURACY_ACCURACY_MATRIX_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/metrics/metric_sink.h"

namespace reprise {

class AccuracyMatrix {
 public:
  // num_tasks >= 1.
  explicit AccuracyMatrix(int64_t num_tasks);

  // 0 <= test_task <= task < num_tasks. Replaces an earlier value.
  void Set(int64_t task, int64_t test_task, std::optional<double> accuracy,
           int64_t samples);

  int64_t num_tasks() const { return num_tasks_; }
  std::optional<double> At(int64_t task, int64_t test_task) const;
  std::optional<double> TaskMean(int64_t task) const;    // A
  std::optional<double> SampleMean(int64_t task) const;  // S
  std::optional<double> AverageIncremental() const;
  std::optional<double> Forgetting() const;
  std::optional<double> BackwardTransfer() const;

  // The matrix of a run that ended after its first `tasks` tasks, 1 <= tasks <=
  // num_tasks(): for measures of a run that goes on.
  AccuracyMatrix First(int64_t tasks) const;

  struct Measure {
    std::string name;  // a JSON key
    std::string formula;
    std::optional<double> value;
  };
  // The last task's A and S, then the three measures of the whole run.
  std::vector<Measure> Measures() const;

 private:
  struct Entry {
    std::optional<double> accuracy;
    int64_t samples = 0;
  };
  size_t Index(int64_t task, int64_t test_task) const;

  int64_t num_tasks_;
  std::vector<Entry> entries_;  // [num_tasks, num_tasks], lower triangle
};

// One matrix per head from the stream of test records, in the order in which
// the heads appear, the primary one first.
class HeadMatrices {
 public:
  explicit HeadMatrices(int64_t num_tasks) : num_tasks_(num_tasks) {}

  // Evaluations before training (epoch 0) are not part of the matrix; the last
  // one within a task stays.
  void Add(const TestRecord& record);

  struct Head {
    std::string name;
    bool primary;
    AccuracyMatrix matrix;
  };
  const std::vector<Head>& heads() const { return heads_; }

 private:
  int64_t num_tasks_;
  std::vector<Head> heads_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_ACCURACY_ACCURACY_MATRIX_H_
