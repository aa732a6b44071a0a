#include "data/scenario/scenario.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>
#include <vector>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = ScenarioOptions::Kind;

std::shared_ptr<const Dataset> Split(int64_t classes,
                                     std::vector<int32_t> labels) {
  auto split = std::make_shared<Dataset>();
  split->num_classes = classes;
  split->rows.resize(labels.size());
  split->labels = std::move(labels);
  return split;
}

std::vector<int32_t> Cycle(int64_t classes, int64_t samples) {
  std::vector<int32_t> labels(samples);
  for (int64_t i = 0; i < samples; ++i) {
    labels[i] = static_cast<int32_t>(i % classes);
  }
  return labels;
}

DatasetPair Data(int64_t classes, int64_t train, int64_t test) {
  DatasetPair pair;
  pair.name = "mnist";
  pair.source = "folder";
  pair.train = Split(classes, Cycle(classes, train));
  pair.test = Split(classes, Cycle(classes, test));
  return pair;
}

ScenarioOptions ClassOptions(int64_t initial, int64_t increment) {
  ScenarioOptions options;
  options.initial_increment = initial;
  options.increment = increment;
  return options;
}

std::vector<std::vector<int64_t>> ClassesOf(const Scenario& scenario) {
  std::vector<std::vector<int64_t>> classes;
  for (const TaskSpec& task : scenario.tasks) classes.push_back(task.classes);
  return classes;
}

std::vector<int64_t> AllBelow(int64_t n) {
  std::vector<int64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(ClassScenario, FourThreeThreeIsThePaperCase) {
  const DatasetPair data = Data(10, 100, 20);
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(ClassOptions(4, 3), data));
  EXPECT_THAT(ClassesOf(scenario),
              ElementsAre(ElementsAre(0, 1, 2, 3), ElementsAre(4, 5, 6),
                          ElementsAre(7, 8, 9)));
  EXPECT_EQ(scenario.warning, "");
  for (const TaskSpec& task : scenario.tasks) {
    EXPECT_EQ(task.new_classes, task.classes);
    for (const int64_t i : task.train_indices) {
      EXPECT_TRUE(std::count(task.classes.begin(), task.classes.end(),
                             data.train->labels[i]));
    }
  }
}

TEST(ClassScenario, DealsEverySampleToOneTaskInAscendingOrder) {
  const DatasetPair data = Data(10, 103, 27);
  ScenarioOptions options = ClassOptions(4, 3);
  options.class_order_seed = 5;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, data));
  std::vector<int64_t> train, test;
  for (const TaskSpec& task : scenario.tasks) {
    EXPECT_TRUE(
        std::is_sorted(task.train_indices.begin(), task.train_indices.end()));
    EXPECT_TRUE(
        std::is_sorted(task.test_indices.begin(), task.test_indices.end()));
    train.insert(train.end(), task.train_indices.begin(),
                 task.train_indices.end());
    test.insert(test.end(), task.test_indices.begin(), task.test_indices.end());
  }
  std::sort(train.begin(), train.end());
  std::sort(test.begin(), test.end());
  EXPECT_EQ(train, AllBelow(103));
  EXPECT_EQ(test, AllBelow(27));
}

TEST(ClassScenario, LastTaskTakesWhatIsLeft) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const Scenario scenario,
      MakeScenario(ClassOptions(4, 4), Data(10, 50, 10)));
  EXPECT_THAT(ClassesOf(scenario),
              ElementsAre(ElementsAre(0, 1, 2, 3), ElementsAre(4, 5, 6, 7),
                          ElementsAre(8, 9)));
  EXPECT_EQ(scenario.warning, "");
}

TEST(ClassScenario, WithoutInitialIncrementAllTasksTakeTheIncrement) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const Scenario scenario,
      MakeScenario(ClassOptions(0, 1), Data(2, 10, 4)));
  EXPECT_THAT(ClassesOf(scenario), ElementsAre(ElementsAre(0), ElementsAre(1)));
}

TEST(ClassScenario, WithoutAnyIncrementIsOneTask) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const Scenario scenario,
      MakeScenario(ClassOptions(0, 0), Data(10, 50, 10)));
  ASSERT_EQ(scenario.tasks.size(), 1u);
  EXPECT_EQ(scenario.tasks[0].train_indices, AllBelow(50));
  EXPECT_EQ(scenario.warning, "");
}

TEST(ClassScenario, TwoClassesCutTheIncrementAndSaySo) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const Scenario scenario,
      MakeScenario(ClassOptions(4, 3), Data(2, 10, 4)));
  EXPECT_THAT(ClassesOf(scenario), ElementsAre(ElementsAre(0, 1)));
  EXPECT_EQ(scenario.warning,
            "the first task cannot have 4 classes: mnist has 2; one task with "
            "all of them; with one task, scratch equals default");
}

TEST(ClassScenario, ClassOrderDecidesWhichTaskMeetsAClass) {
  ScenarioOptions options = ClassOptions(2, 1);
  options.class_order = {3, 0, 2, 1};
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, Data(4, 8, 4)));
  EXPECT_THAT(ClassesOf(scenario),
              ElementsAre(ElementsAre(0, 3), ElementsAre(2), ElementsAre(1)));
  EXPECT_THAT(scenario.tasks[0].train_indices, ElementsAre(0, 3, 4, 7));
  EXPECT_THAT(scenario.tasks[2].test_indices, ElementsAre(1));
}

TEST(ClassScenario, SeededClassOrderIsAPermutationThatTheSeedChanges) {
  const DatasetPair data = Data(10, 10, 10);
  std::vector<std::vector<std::vector<int64_t>>> orders;
  for (const uint64_t seed : {1, 1, 2}) {
    ScenarioOptions options = ClassOptions(1, 1);
    options.class_order_seed = seed;
    REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                                 MakeScenario(options, data));
    orders.push_back(ClassesOf(scenario));
  }
  EXPECT_EQ(orders[0], orders[1]);
  EXPECT_NE(orders[0], orders[2]);
}

TEST(ClassScenario, ConcatenatedTrainingSetsAreUnionsAndTestSetsStay) {
  ScenarioOptions options = ClassOptions(4, 3);
  const DatasetPair data = Data(10, 100, 20);
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario apart,
                               MakeScenario(options, data));
  options.concatenate_tasksets = true;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario joined,
                               MakeScenario(options, data));
  ASSERT_EQ(joined.tasks.size(), 3u);
  EXPECT_EQ(joined.warning, "");
  std::vector<int64_t> united, classes;
  for (size_t t = 0; t < 3; ++t) {
    united.insert(united.end(), apart.tasks[t].train_indices.begin(),
                  apart.tasks[t].train_indices.end());
    classes.insert(classes.end(), apart.tasks[t].classes.begin(),
                   apart.tasks[t].classes.end());
    std::sort(united.begin(), united.end());
    EXPECT_EQ(joined.tasks[t].train_indices, united);
    EXPECT_EQ(joined.tasks[t].classes, classes);
    EXPECT_EQ(joined.tasks[t].new_classes, classes);
    EXPECT_EQ(joined.tasks[t].test_indices, apart.tasks[t].test_indices);
  }
}

TEST(ClassScenario, ConcatenatingOneTaskSaysThatItChangesNothing) {
  ScenarioOptions options = ClassOptions(0, 0);
  options.concatenate_tasksets = true;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, Data(10, 50, 10)));
  EXPECT_EQ(scenario.warning, "with one task, scratch equals default");
}

TEST(ClassScenario, RefusesATaskWithoutSamples) {
  DatasetPair data = Data(3, 9, 9);
  data.train = Split(3, {0, 1, 0, 1});
  const auto scenario = MakeScenario(ClassOptions(1, 1), data);
  EXPECT_THAT(scenario, ExitsWith(ExitCode::kData));
  EXPECT_THAT(scenario, FailsWith("folder: task 3 (classes 2) has 0 training "
                                  "and 3 test samples"));
}

TEST(InstanceScenario, DealsBothSplitsIntoEqualPartsOfAllClasses) {
  ScenarioOptions options;
  options.kind = Kind::kInstance;
  options.num_tasks = 4;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, Data(10, 1002, 41)));
  ASSERT_EQ(scenario.tasks.size(), 4u);
  std::vector<int64_t> train, train_sizes, test_sizes;
  for (const TaskSpec& task : scenario.tasks) {
    train_sizes.push_back(task.train_indices.size());
    test_sizes.push_back(task.test_indices.size());
    EXPECT_EQ(task.classes, AllBelow(10));
    EXPECT_TRUE(
        std::is_sorted(task.train_indices.begin(), task.train_indices.end()));
    train.insert(train.end(), task.train_indices.begin(),
                 task.train_indices.end());
  }
  EXPECT_THAT(train_sizes, ElementsAre(251, 251, 250, 250));
  EXPECT_THAT(test_sizes, ElementsAre(11, 10, 10, 10));
  EXPECT_FALSE(std::is_sorted(train.begin(), train.end()));
  std::sort(train.begin(), train.end());
  EXPECT_EQ(train, AllBelow(1002));
  EXPECT_EQ(scenario.tasks[0].new_classes, AllBelow(10));
  EXPECT_THAT(scenario.tasks[1].new_classes, IsEmpty());
}

TEST(InstanceScenario, IsKeyedByTheSeed) {
  ScenarioOptions options;
  options.kind = Kind::kInstance;
  std::vector<std::vector<int64_t>> first_tasks;
  for (const uint64_t seed : {1, 1, 2}) {
    options.seed = seed;
    REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                                 MakeScenario(options, Data(10, 500, 50)));
    first_tasks.push_back(scenario.tasks[0].train_indices);
  }
  EXPECT_EQ(first_tasks[0], first_tasks[1]);
  EXPECT_NE(first_tasks[0], first_tasks[2]);
}

TEST(InstanceScenario, ConcatenatesTheTrainingSets) {
  ScenarioOptions options;
  options.kind = Kind::kInstance;
  options.num_tasks = 3;
  options.concatenate_tasksets = true;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, Data(10, 90, 30)));
  EXPECT_EQ(scenario.tasks[0].train_indices.size(), 30u);
  EXPECT_EQ(scenario.tasks[1].train_indices.size(), 60u);
  EXPECT_EQ(scenario.tasks[2].train_indices, AllBelow(90));
  EXPECT_EQ(scenario.tasks[2].test_indices.size(), 10u);
  EXPECT_EQ(scenario.tasks[1].new_classes, AllBelow(10));
}

TEST(ScenarioOptions, NameEveryProblemAtOnce) {
  ScenarioOptions options = ClassOptions(-1, -2);
  options.class_order = {1, 1, -3};
  options.class_order_seed = 3;
  const absl::Status status = options.Validate();
  EXPECT_THAT(status, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(status, FailsWith("initial_increment must be >= 0, found -1"));
  EXPECT_THAT(status, FailsWith("increment must be >= 0, found -2"));
  EXPECT_THAT(status, FailsWith("either a list or a seed"));
  EXPECT_THAT(status, FailsWith("holds the negative -3"));
  EXPECT_THAT(status, FailsWith("holds 1 twice"));
}

TEST(ScenarioOptions, RefuseContradictions) {
  EXPECT_THAT(ClassOptions(4, 0).Validate(),
              FailsWith("initial_increment 4 needs an increment"));
  ScenarioOptions instance;
  instance.kind = Kind::kInstance;
  instance.num_tasks = 0;
  instance.class_order_seed = 1;
  EXPECT_THAT(instance.Validate(), FailsWith("num_tasks must be >= 1"));
  EXPECT_THAT(instance.Validate(), FailsWith("class_order has no meaning"));
}

TEST(ScenarioOptions, ThatDoNotFitTheDataAreUsageErrors) {
  ScenarioOptions options = ClassOptions(1, 1);
  options.class_order = {0, 5};
  const auto by_class = MakeScenario(options, Data(3, 9, 9));
  EXPECT_THAT(by_class, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(by_class, FailsWith("it lacks 1, 2"));
  EXPECT_THAT(by_class, FailsWith("class_order holds 5, but mnist has the "
                                  "classes 0 to 2"));
  ScenarioOptions instance;
  instance.kind = Kind::kInstance;
  instance.num_tasks = 7;
  const auto by_instance = MakeScenario(instance, Data(3, 9, 6));
  EXPECT_THAT(by_instance, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(by_instance, FailsWith("num_tasks must be at most 6"));
}

TEST(SampleLimits, KeepAsManyOfEachClassAsTheyLeave) {
  const DatasetPair data = Data(4, 100, 40);
  ScenarioOptions options = ClassOptions(0, 2);
  options.max_train_samples_per_task = 6;
  options.max_test_samples_per_task = 100;  // more than there are
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario scenario,
                               MakeScenario(options, data));
  ASSERT_EQ(scenario.tasks.size(), 2u);
  const std::vector<int64_t>& rows = scenario.tasks[0].train_indices;
  EXPECT_EQ(rows.size(), 6u);
  EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end()));
  EXPECT_EQ(
      std::count_if(rows.begin(), rows.end(),
                    [&](int64_t i) { return data.train->labels[i] == 0; }),
      3);
  EXPECT_EQ(scenario.tasks[1].test_indices.size(), 20u);
}

TEST(SampleLimits, TakeSamplesOfTheTasksWithoutALimit) {
  const DatasetPair data = Data(10, 100, 100);
  ScenarioOptions options;
  options.kind = Kind::kInstance;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario all, MakeScenario(options, data));
  options.max_train_samples_per_task = 1;
  options.max_test_samples_per_task = 3;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Scenario some,
                               MakeScenario(options, data));
  ASSERT_EQ(some.tasks.size(), all.tasks.size());
  for (size_t t = 0; t < all.tasks.size(); ++t) {
    EXPECT_EQ(some.tasks[t].train_indices.size(), 1u);
    EXPECT_EQ(some.tasks[t].test_indices.size(), 3u);
    EXPECT_TRUE(std::includes(
        all.tasks[t].test_indices.begin(), all.tasks[t].test_indices.end(),
        some.tasks[t].test_indices.begin(), some.tasks[t].test_indices.end()));
  }
}

}  // namespace
}  // namespace reprise
