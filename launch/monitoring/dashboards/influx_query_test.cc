#include "launch/monitoring/dashboards/influx_query.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;

TEST(InfluxQueryTest, IsLimitedToTheTimeRangeAndToTheChosenRuns) {
  InfluxQuery query("reprise_step");
  query.Select("mean({loss})").By({"agent", "run"}).OverTime();
  EXPECT_EQ(query.Text(),
            "SELECT mean(\"loss\") FROM \"reprise_step\" WHERE $timeFilter AND "
            "\"run\" =~ /^${run:regex}$/ AND \"experiment\" =~ "
            "/^${experiment:regex}$/ AND \"agent\" =~ /^${agent:regex}$/ GROUP "
            "BY time($__interval), \"agent\", \"run\" fill(none)");
}

TEST(InfluxQueryTest, OfAHostIsLimitedToTheChosenHosts) {
  InfluxQuery query("mem");
  query.Select("last({used})", "used").Where("{used_percent} > 50");
  EXPECT_EQ(query.Text(),
            "SELECT last(\"used\") AS \"used\" FROM \"mem\" WHERE $timeFilter "
            "AND \"host\" =~ /^${host:regex}$/ AND \"used_percent\" > 50");
  EXPECT_EQ(query.first_field()->unit, "bytes");
}

TEST(InfluxQueryTest, VariablesCanBeLeftOut) {
  InfluxQuery query("reprise_task_end");
  query.Select("{seconds}").ChosenBy({});
  EXPECT_EQ(query.Text(),
            "SELECT \"seconds\" FROM \"reprise_task_end\" WHERE $timeFilter");
  query.ChosenBy({"agent"});
  EXPECT_EQ(query.Text(),
            "SELECT \"seconds\" FROM \"reprise_task_end\" WHERE $timeFilter "
            "AND \"agent\" =~ /^${agent:regex}$/");
}

TEST(InfluxQueryTest, OfAQueryHasItsColumnsAndTagsAndNoSecondLimit) {
  InfluxQuery inner("reprise_test");
  inner.Select("last({top1})", "accuracy").By({"run", "task"});
  InfluxQuery outer = InfluxQuery::Of(inner);
  outer.Select("mean({accuracy})", "mean").By({"run"});
  EXPECT_THAT(outer.Text(), HasSubstr("SELECT mean(\"accuracy\") AS \"mean\" "
                                      "FROM (SELECT last(\"top1\")"));
  EXPECT_THAT(outer.Text(),
              testing::EndsWith("GROUP BY \"run\", \"task\") GROUP BY "
                                "\"run\""));
  EXPECT_EQ(outer.first_field(), nullptr);
  InfluxQuery of_tag = InfluxQuery::Of(inner);
  of_tag.Select("distinct({run})");
  EXPECT_THAT(of_tag.Text(),
              HasSubstr("SELECT distinct(\"run\") FROM (SELECT"));
}

TEST(InfluxQueryDeathTest, ANameThatIsNotThereEndsTheProgram) {
  InfluxQuery step("reprise_step");
  EXPECT_DEATH(InfluxQuery("reprise_steps"), "no measurement");
  EXPECT_DEATH(step.Select("mean({losses})"), "no field 'losses'");
  EXPECT_DEATH(step.Where("{losses} > 0"), "no field 'losses'");
  EXPECT_DEATH(step.By({"rank"}), "no tag 'rank'");
  InfluxQuery inner("reprise_step");
  inner.Select("last({loss})", "latest").By({"run"});
  InfluxQuery outer = InfluxQuery::Of(inner);
  EXPECT_DEATH(outer.Select("mean({loss})"), "no column 'loss'");
  EXPECT_DEATH(outer.By({"agent"}), "no tag 'agent'");
}

}  // namespace
}  // namespace reprise
