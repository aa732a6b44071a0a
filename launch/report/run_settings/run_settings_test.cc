#include "launch/report/run_settings/run_settings.h"

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(RunSettingsTest, TextIsWhatUsersWrite) {
  EXPECT_EQ(SettingText(R"("nil")"), "nil");
  EXPECT_EQ(SettingText(R"("a \"b\" \u00e9")"), "a \"b\" é");
  EXPECT_EQ(SettingText("0.50"), "0.50");
  EXPECT_EQ(SettingText("null"), "null");
  EXPECT_EQ(SettingText("[\"a\"]"), "[\"a\"]");
  EXPECT_EQ(SettingText("\"cut"), "\"cut");
  EXPECT_EQ(SettingText(""), "");
}

TEST(RunSettingsTest, BookkeepingIsWhatComputesNothing) {
  for (const char* name : {"save-dir", "results-dir", "log-interval",
                           "influx-url", "tensorboard", "timeline"}) {
    EXPECT_TRUE(IsBookkeeping(name)) << name;
  }
  for (const char* name : {"seed", "lr", "epochs", "output-scale",
                           "tasksets-config.scenario", "agent"}) {
    EXPECT_FALSE(IsBookkeeping(name)) << name;
  }
}

}  // namespace
}  // namespace reprise
