#include "launch/monitoring/points/measurement_table.h"

#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/metrics/influx/record_points.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/record_fields.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(MeasurementTableTest, EachFieldOfARecordIsAFieldOrATagOfItsMeasurement) {
  ForEachKind([](const auto& record) {
    const Measurement& measurement =
        MeasurementNamed(std::string("reprise_") + RecordKind(record));
    ForEachField(record, [&](const RecordField& field, const auto& value) {
      using Value = std::decay_t<decltype(value)>;
      if constexpr (std::is_same_v<Value, PhaseSeconds>) {
        EXPECT_EQ(measurement.FieldNamed("phase_reduction_wait_seconds").unit,
                  "seconds");
      } else if constexpr (std::is_same_v<Value, AgentReport>) {
        EXPECT_EQ(measurement.FieldNamed("buffer_bytes").unit, "bytes");
      } else if constexpr (!std::is_same_v<Value,
                                           std::optional<ConfusionCounts>>) {
        if (measurement.HasTag(field.name)) return;
        const PointField& found = measurement.FieldNamed(field.name);
        EXPECT_EQ(found.unit, field.unit);
        EXPECT_EQ(found.meaning, field.meaning);
      }
    });
  });
}

// Records in which nothing is unknown.
RunStart FullRunStart() {
  RunStart start;
  start.experiment = start.agent = start.model = start.dataset = "x";
  return start;
}

TaskRecord FullTask() {
  TaskRecord task;
  for (const PointField& field : MeasurementNamed("reprise_class").fields) {
    task.agent.by_class[field.name] = {1};
  }
  for (const PointField& field : MeasurementNamed("reprise_rank").fields) {
    task.agent.by_rank[field.name] = {1};
  }
  for (const char* name :
       {"buffer_bytes", "exchange_bytes", "mean_age_steps"}) {
    task.agent.scalars[name] = 1;
  }
  return task;
}

std::string PointsOfAFullRun() {
  StepRecord step;
  step.images_per_second = 1;
  TrainEpochRecord epoch;
  epoch.representative_loss = 1;
  TestRecord test;
  test.head = "nme";
  test.top1 = test.top5 = test.loss = 1;
  RecordPoints points;
  std::string lines = points.Of("run-1", FullRunStart());
  lines += points.Of("run-1", step);
  lines += points.Of("run-1", epoch);
  lines += points.Of("run-1", test);
  lines += points.Of("run-1", FullTask());
  return lines + points.Of("run-1", RunEnd());
}

// The names before "=", of what stands between commas.
std::set<std::string> NamesIn(absl::string_view pairs) {
  std::set<std::string> names;
  for (const absl::string_view pair : absl::StrSplit(pairs, ',')) {
    names.insert(std::string(pair.substr(0, pair.find('='))));
  }
  return names;
}

TEST(MeasurementTableTest, HasTheNamesThatThePointsHave) {
  std::set<std::string> measurements;
  for (const absl::string_view line :
       absl::StrSplit(PointsOfAFullRun(), '\n', absl::SkipEmpty())) {
    const std::vector<std::string> parts = absl::StrSplit(line, ' ');
    ASSERT_EQ(parts.size(), 3u) << line;  // measurement and tags, fields, time
    const size_t comma = parts[0].find(',');
    const std::string name = parts[0].substr(0, comma);
    measurements.insert(name);
    const Measurement& measurement = MeasurementNamed(name);
    EXPECT_EQ(
        NamesIn(parts[0].substr(comma + 1)),
        std::set<std::string>(measurement.tags.begin(), measurement.tags.end()))
        << name;
    std::set<std::string> fields;
    for (const PointField& field : measurement.fields) {
      fields.insert(field.name);
    }
    EXPECT_EQ(NamesIn(parts[1]), fields) << name;
  }
  EXPECT_EQ(measurements.size(), RunMeasurements().size());
}

TEST(MeasurementTableTest, NoNameIsTwiceInAMeasurement) {
  for (const auto* table : {&RunMeasurements(), &HostMeasurements()}) {
    for (const Measurement& measurement : *table) {
      // In InfluxQL a field that is called as a tag is lost.
      std::set<std::string> names(measurement.tags.begin(),
                                  measurement.tags.end());
      EXPECT_EQ(names.size(), measurement.tags.size()) << measurement.name;
      for (const PointField& field : measurement.fields) {
        EXPECT_TRUE(names.insert(field.name).second)
            << measurement.name << " " << field.name;
        EXPECT_NE(field.meaning, "") << field.name;
      }
    }
  }
}

TEST(MeasurementTableTest, PointsOfARunCarryWhatTellsRunsApart) {
  for (const Measurement& measurement : RunMeasurements()) {
    for (const char* tag :
         {"run", "experiment", "agent", "model", "dataset", "world_size"}) {
      EXPECT_TRUE(measurement.HasTag(tag)) << measurement.name << " " << tag;
    }
  }
  EXPECT_THAT(MeasurementNamed("reprise_test").tags,
              testing::IsSupersetOf({"task", "test_task", "head"}));
  EXPECT_TRUE(MeasurementNamed("reprise_class").HasTag("class"));
  EXPECT_TRUE(MeasurementNamed("reprise_rank").HasTag("rank"));
}

TEST(MeasurementTableDeathTest, ANameThatIsGoneEndsTheProgram) {
  EXPECT_DEATH(MeasurementNamed("reprise_epoch"),
               "no measurement 'reprise_epoch'");
  EXPECT_DEATH((void)MeasurementNamed("reprise_step").FieldNamed("losses"),
               "no field 'losses' in reprise_step");
}

}  // namespace
}  // namespace reprise
