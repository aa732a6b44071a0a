#include "data/scenario/scenario.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/permutation.h"
#include "core/base/philox.h"
#include "core/base/slices.h"
#include "core/base/status.h"

namespace reprise {
namespace {

absl::Status AllProblems(const std::vector<std::string>& problems) {
  return problems.empty() ? absl::OkStatus()
                          : UsageError(absl::StrCat(
                                "tasksets: ", absl::StrJoin(problems, "; ")));
}

// What the options ask of this data set and cannot have.
absl::Status CheckFits(const ScenarioOptions& options,
                       const DatasetPair& data) {
  std::vector<std::string> problems;
  const int64_t classes = data.train->num_classes;
  if (options.kind == ScenarioOptions::Kind::kInstance) {
    const int64_t most = std::min(data.train->size(), data.test->size());
    if (options.num_tasks > most) {
      problems.push_back(absl::StrCat("num_tasks must be at most ", most,
                                      ", the samples of the smaller "
                                      "split of ",
                                      data.name, ", found ",
                                      options.num_tasks));
    }
  }
  if (!options.class_order.empty()) {
    std::vector<int64_t> missing;
    for (int64_t c = 0; c < classes; ++c) {
      if (std::find(options.class_order.begin(), options.class_order.end(),
                    c) == options.class_order.end()) {
        missing.push_back(c);
      }
    }
    if (!missing.empty()) {
      problems.push_back(absl::StrCat("class_order must hold all ", classes,
                                      " classes of ", data.name, ", it lacks ",
                                      absl::StrJoin(missing, ", ")));
    }
    for (const int64_t c : options.class_order) {
      if (c >= classes) {
        problems.push_back(absl::StrCat("class_order holds ", c, ", but ",
                                        data.name, " has the classes 0 to ",
                                        classes - 1));
      }
    }
  }
  return AllProblems(problems);
}

std::vector<int64_t> ClassOrder(const ScenarioOptions& options,
                                int64_t classes) {
  if (!options.class_order.empty()) return options.class_order;
  if (options.class_order_seed.has_value()) {
    return RandomPermutation({*options.class_order_seed, Purpose::kClassOrder},
                             classes);
  }
  std::vector<int64_t> order(classes);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

// The task of each sample of one split.
std::vector<int64_t> TaskOfSample(const Dataset& split,
                                  const std::vector<int64_t>& task_of_class) {
  std::vector<int64_t> tasks;
  tasks.reserve(split.labels.size());
  for (const int32_t label : split.labels) {
    tasks.push_back(task_of_class[label]);
  }
  return tasks;
}

std::vector<int64_t> DealSamples(const StreamKey& key, int64_t samples,
                                 int64_t num_tasks) {
  const std::vector<int64_t> order = RandomPermutation(key, samples);
  std::vector<int64_t> tasks(samples);
  for (int64_t t = 0; t < num_tasks; ++t) {
    const int64_t end = SliceBegin(samples, t + 1, num_tasks);
    for (int64_t i = SliceBegin(samples, t, num_tasks); i < end; ++i) {
      tasks[order[i]] = t;
    }
  }
  return tasks;
}

// Keeps at most `most` of the rows (0: all), as evenly spread over the classes
// as they are.
void Subsample(int64_t most, const Dataset& dataset,
               std::vector<int64_t>& rows) {
  const int64_t size = static_cast<int64_t>(rows.size());
  if (most == 0 || size <= most) return;
  std::stable_sort(rows.begin(), rows.end(), [&](int64_t a, int64_t b) {
    return dataset.labels[a] < dataset.labels[b];
  });
  for (int64_t i = 0; i < most; ++i) rows[i] = rows[i * size / most];
  rows.resize(most);
  std::sort(rows.begin(), rows.end());
}

// The tasks with their classes, and the task of each sample before samples are
// handed on to later tasks.
struct Deal {
  std::vector<TaskSpec> tasks;
  std::vector<int64_t> task_of_train, task_of_test;
  // The first task's classes, where the data set has fewer; else 0.
  int64_t cut_from = 0;
};

Deal DealInstances(const ScenarioOptions& options, const DatasetPair& data) {
  const int64_t num_tasks = options.num_tasks;
  Deal deal;
  deal.task_of_train =
      DealSamples({options.seed, Purpose::kInstanceTasks, 0, 0, 0},
                  data.train->size(), num_tasks);
  deal.task_of_test =
      DealSamples({options.seed, Purpose::kInstanceTasks, 0, 0, 1},
                  data.test->size(), num_tasks);
  deal.tasks.resize(num_tasks);
  for (TaskSpec& task : deal.tasks) {
    task.classes.resize(data.train->num_classes);
    std::iota(task.classes.begin(), task.classes.end(), 0);
  }
  deal.tasks[0].new_classes = deal.tasks[0].classes;
  return deal;
}

Deal DealClasses(const ScenarioOptions& options, const DatasetPair& data) {
  const int64_t classes = data.train->num_classes;
  const int64_t later = options.increment > 0 ? options.increment : classes;
  const int64_t first =
      options.initial_increment > 0 ? options.initial_increment : later;
  Deal deal;
  if (first > classes) deal.cut_from = first;
  const std::vector<int64_t> order = ClassOrder(options, classes);
  std::vector<int64_t> task_of_class(classes);
  for (int64_t begin = 0; begin < classes;) {
    const int64_t count = std::min(begin == 0 ? first : later, classes - begin);
    TaskSpec task;
    task.classes.assign(order.begin() + begin, order.begin() + begin + count);
    std::sort(task.classes.begin(), task.classes.end());
    task.new_classes = task.classes;
    for (const int64_t c : task.classes) {
      task_of_class[c] = static_cast<int64_t>(deal.tasks.size());
    }
    deal.tasks.push_back(std::move(task));
    begin += count;
  }
  deal.task_of_train = TaskOfSample(*data.train, task_of_class);
  deal.task_of_test = TaskOfSample(*data.test, task_of_class);
  return deal;
}

// The tasks' samples; with concatenated task sets a task trains on those of the
// earlier ones, too.
void HandOutSamples(const ScenarioOptions& options, const Deal& deal,
                    std::vector<TaskSpec>* tasks) {
  const int64_t num_tasks = static_cast<int64_t>(tasks->size());
  for (size_t i = 0; i < deal.task_of_train.size(); ++i) {
    const int64_t first = deal.task_of_train[i];
    const int64_t last = options.concatenate_tasksets ? num_tasks - 1 : first;
    for (int64_t t = first; t <= last; ++t) {
      (*tasks)[t].train_indices.push_back(static_cast<int64_t>(i));
    }
  }
  for (size_t i = 0; i < deal.task_of_test.size(); ++i) {
    (*tasks)[deal.task_of_test[i]].test_indices.push_back(
        static_cast<int64_t>(i));
  }
}

// The classes of concatenated task sets: all of them so far, each time new.
void ConcatenateClasses(ScenarioOptions::Kind kind,
                        std::vector<TaskSpec>* tasks) {
  for (size_t t = 0; t < tasks->size(); ++t) {
    std::vector<int64_t>& present = (*tasks)[t].classes;
    if (t > 0 && kind == ScenarioOptions::Kind::kClass) {
      const std::vector<int64_t>& before = (*tasks)[t - 1].classes;
      present.insert(present.end(), before.begin(), before.end());
      std::sort(present.begin(), present.end());
    }
    (*tasks)[t].new_classes = present;
  }
}

absl::Status CheckNoTaskIsEmpty(const std::vector<TaskSpec>& tasks,
                                const std::string& source) {
  for (size_t t = 0; t < tasks.size(); ++t) {
    const TaskSpec& task = tasks[t];
    if (task.train_indices.empty() || task.test_indices.empty()) {
      return DataError(absl::StrCat(
          source, ": task ", t + 1, " (classes ",
          absl::StrJoin(task.classes, ", "), ") has ",
          task.train_indices.size(), " training and ", task.test_indices.size(),
          " test samples, expected at least one of each: check the data set or "
          "choose larger increments"));
    }
  }
  return absl::OkStatus();
}

std::string WarningOf(const ScenarioOptions& options, const DatasetPair& data,
                      int64_t cut_from, size_t num_tasks) {
  std::string warning;
  if (cut_from > 0) {
    warning = absl::StrCat(
        "the first task cannot have ", cut_from, " classes: ", data.name,
        " has ", data.train->num_classes, "; one task with all of them");
  }
  if (num_tasks == 1 && (cut_from > 0 || options.concatenate_tasksets)) {
    absl::StrAppend(&warning, warning.empty() ? "" : "; ",
                    "with one task, scratch equals default");
  }
  return warning;
}

}  // namespace

absl::Status ScenarioOptions::Validate() const {
  std::vector<std::string> problems;
  const bool by_class = kind == Kind::kClass;
  if (by_class) {
    if (initial_increment < 0) {
      problems.push_back(absl::StrCat("initial_increment must be >= 0, found ",
                                      initial_increment));
    }
    if (increment < 0) {
      problems.push_back(
          absl::StrCat("increment must be >= 0, found ", increment));
    }
    if (initial_increment > 0 && increment == 0) {
      problems.push_back(absl::StrCat(
          "initial_increment ", initial_increment,
          " needs an increment for the later tasks (leave both out for one "
          "task with all classes)"));
    }
  } else {
    if (num_tasks < 1) {
      problems.push_back(
          absl::StrCat("num_tasks must be >= 1, found ", num_tasks));
    }
    if (!class_order.empty() || class_order_seed.has_value()) {
      problems.push_back("class_order has no meaning in the instance scenario");
    }
  }
  if (!class_order.empty() && class_order_seed.has_value()) {
    problems.push_back("class_order is either a list or a seed, not both");
  }
  std::vector<int64_t> sorted = class_order;
  std::sort(sorted.begin(), sorted.end());
  if (!sorted.empty() && sorted.front() < 0) {
    problems.push_back(
        absl::StrCat("class_order holds the negative ", sorted.front()));
  }
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) {
    problems.push_back(absl::StrCat("class_order holds ", *twice, " twice"));
  }
  return AllProblems(problems);
}

absl::StatusOr<Scenario> MakeScenario(const ScenarioOptions& options,
                                      const DatasetPair& data) {
  REPRISE_RETURN_IF_ERROR(options.Validate());
  REPRISE_RETURN_IF_ERROR(CheckFits(options, data));
  Deal deal = options.kind == ScenarioOptions::Kind::kInstance
                  ? DealInstances(options, data)
                  : DealClasses(options, data);
  Scenario scenario;
  scenario.tasks = std::move(deal.tasks);
  HandOutSamples(options, deal, &scenario.tasks);
  if (options.concatenate_tasksets) {
    ConcatenateClasses(options.kind, &scenario.tasks);
  }
  REPRISE_RETURN_IF_ERROR(CheckNoTaskIsEmpty(scenario.tasks, data.source));
  for (TaskSpec& task : scenario.tasks) {
    Subsample(options.max_train_samples_per_task, *data.train,
              task.train_indices);
    Subsample(options.max_test_samples_per_task, *data.test, task.test_indices);
  }
  scenario.warning =
      WarningOf(options, data, deal.cut_from, scenario.tasks.size());
  return scenario;
}

}  // namespace reprise
