// Scenarios: how a data set is dealt out over a sequence of tasks. Class
// incremental: each task brings new classes. Instance incremental: each task
// brings new samples of all classes. Labels stay the data set's own.
#ifndef REPRISE_DATA_SCENARIO_SCENARIO_H_
#define REPRISE_DATA_SCENARIO_SCENARIO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.h"

namespace reprise {

// All vectors ascend.
struct TaskSpec {
  std::vector<int64_t> classes;  // of its training set
  // Those that no earlier task has shown (in later tasks of the instance
  // scenario none); with concatenated tasksets all of `classes`.
  std::vector<int64_t> new_classes;
  std::vector<int64_t> train_indices;  // rows of the training set, never empty
  // Rows of the test set, never empty. Test sets of tasks are disjoint, also
  // with concatenated tasksets.
  std::vector<int64_t> test_indices;
};

struct ScenarioOptions {
  enum class Kind { kClass, kInstance };
  Kind kind = Kind::kClass;

  // Class scenario. Classes of the first task (0: as increment) and of each
  // later one (0: one task with all classes). A last task takes what is left.
  int64_t initial_increment = 0;
  int64_t increment = 0;
  // In which order tasks meet the classes: all classes, each once; or a
  // permutation keyed by the seed; or 0, 1, 2, ...
  std::vector<int64_t> class_order;
  std::optional<uint64_t> class_order_seed;

  // Instance scenario: training and test set are dealt into equal parts (the
  // first ones one sample larger) by permutations keyed by `seed`.
  int64_t num_tasks = 5;
  uint64_t seed = 42;

  // The training set of task t is the union of those of tasks 0..t.
  bool concatenate_tasksets = false;

  // At most so many samples of a task's training and test set, spread evenly
  // over its classes; 0: no limit. The tasks are those without a limit.
  int64_t max_train_samples_per_task = 0;
  int64_t max_test_samples_per_task = 0;

  // UsageError that names every problem to be seen without the data.
  absl::Status Validate() const;
};

struct Scenario {
  std::vector<TaskSpec> tasks;
  // Empty, or one line for the user: an increment that was cut to the number of
  // classes, and that concatenation changes nothing with a single task.
  std::string warning;
};

// UsageError where the options do not fit the data (all problems at once);
// DataError where a task would have no training or no test sample.
absl::StatusOr<Scenario> MakeScenario(const ScenarioOptions& options,
                                      const DatasetPair& data);

}  // namespace reprise

#endif  // REPRISE_DATA_SCENARIO_SCENARIO_H_
