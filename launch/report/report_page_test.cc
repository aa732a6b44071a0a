#include "launch/report/report_page.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/report/run_model.h"
#include "launch/report/testing/scripted_folder.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;
using ::testing::HasSubstr;
using ::testing::Not;

Json ModelOf(const RunFolder& run) {
  return ReportModel({RunModel(run)}, std::nullopt);
}

// What the page's scripts are given.
Json ModelIn(const std::string& page) {
  const absl::string_view begin =
      "<script type=\"application/json\" id=\"model\">";
  const size_t from = page.find(begin.data(), 0, begin.size()) + begin.size();
  return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

TEST(ReportPageTest, ThePageHoldsTheModelAsItIs) {
  const Json model = ModelOf(ScriptedFolder());
  EXPECT_EQ(ModelIn(ReportPage(model)), model);
}

TEST(ReportPageTest, NoTextOfARunEndsItsScriptOrIsMarkup) {
  const std::string hostile =
      "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> & "
      "\" @MODEL@ @SCRIPT@ \xe2\x80\xa8";
  RunFolder run = ScriptedFolder();
  run.path = hostile;
  run.start->agent = run.start->dataset = run.error = hostile;
  run.run.info.commit = run.run.info.hosts[0] = hostile;
  run.run.info.settings = {{hostile, Json(hostile).dump(), hostile}};
  run.task_ends[0].agent.by_class[hostile] = {1};
  run.tests[0].head = hostile;
  const Json model = ModelOf(run);
  const std::string page = ReportPage(model);
  EXPECT_THAT(page, Not(HasSubstr("alert(1)</script>")));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, Not(HasSubstr("<!-- <")));
  EXPECT_EQ(ModelIn(page), model);
}

TEST(ReportPageTest, WhatIsNotUtf8IsReplaced) {
  RunFolder run = ScriptedFolder();
  run.path = "results/\xff";
  EXPECT_EQ(ModelIn(ReportPage(ModelOf(run)))["runs"][0]["name"],
            "\xef\xbf\xbd");
}

TEST(ReportPageTest, OneRunIsNoComparisonAndTwoAre) {
  EXPECT_EQ(ModelOf(ScriptedFolder())["comparison"], nullptr);
  const Json run = RunModel(ScriptedFolder());
  EXPECT_TRUE(ReportModel({run, run}, std::nullopt)["comparison"].is_object());
}

TEST(ReportPageTest, ItCarriesTheLicenceOfWhatItCarries) {
  const std::string page = ReportPage(ModelOf(ScriptedFolder()));
  EXPECT_THAT(page, HasSubstr("Chart.js v3.9.1"));
  EXPECT_THAT(page, HasSubstr("Permission is hereby granted, free of charge"));
}

}  // namespace
}  // namespace reprise
