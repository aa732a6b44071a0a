#include "launch/monitoring/points/measurement_table.h"

#include <set>
#include <string>

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
      } else if (!measurement.HasTag(field.name)) {
        const PointField& found = measurement.FieldNamed(field.name);
        EXPECT_EQ(found.unit, field.unit);
        EXPECT_EQ(found.meaning, field.meaning);
      }
    });
  });
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
