#include "launch/influx/influx_command.h"

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/influx/influx_sink.h"
#include "core/metrics/influx/point_delivery.h"
#include "core/metrics/influx/testing/scripted_server.h"
#include "core/metrics/jsonl/jsonl_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class InfluxCommandTest : public ::testing::Test {
 protected:
  InfluxCommandTest()
      : folder_(absl::StrCat(
            ::testing::TempDir(),
            ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    unsetenv("INFLUX_TOKEN");
  }

  void Write(const std::string& name, absl::string_view content) {
    REPRISE_EXPECT_OK(ReplaceFile(folder_ + "/" + name, {content}));
  }

  void WriteRecords() {
    auto sink = JsonlSink::Open(folder_ + "/metrics.jsonl");
    ASSERT_THAT(sink, IsOk());
    REPRISE_EXPECT_OK(PlayScriptedRun(**sink));
  }

  absl::Status Replay(std::vector<std::string> flags) {
    flags.insert(flags.begin(), {"replay", folder_});
    out_.str("");
    return RunInfluxCommand(flags, out_);
  }

  // To a server that takes all, or does as `answer` says.
  absl::Status ReplayToServer(const HttpAnswer& answer = HttpAnswer()) {
    ScriptedServer server([answer](const HttpRequest&) { return answer; });
    const absl::Status status =
        Replay({"--influx-url=" + server.url(), "--influx-database=runs"});
    requests_ = server.requests();
    return status;
  }

  std::string Sent() const {
    std::string sent;
    for (const HttpRequest& request : requests_) sent += request.body;
    return sent;
  }

  const std::string folder_;
  std::ostringstream out_;
  std::vector<HttpRequest> requests_;
};

TEST_F(InfluxCommandTest, PointsOfTheFileAreSentButForHalfALastLine) {
  Write(kSpoolFile, "a x=1 1\nb x=2 2\nc x=");
  REPRISE_EXPECT_OK(ReplayToServer());
  EXPECT_EQ(Sent(), "a x=1 1\nb x=2 2\n");
  EXPECT_THAT(out_.str(), HasSubstr("influx: 2 points of "));
}

TEST_F(InfluxCommandTest, ALineThatIsLongerThanABatchIsSentOnce) {
  const std::string lines =
      absl::StrCat("a x=1 1\n", std::string(kBatchBytes, 'y'), " x=2 2\n");
  Write(kSpoolFile, lines);
  REPRISE_EXPECT_OK(ReplayToServer());
  EXPECT_EQ(Sent(), lines);
}

TEST_F(InfluxCommandTest, AFileWithoutALineEndIsRefused) {
  Write(kSpoolFile, "a x=1 1");
  EXPECT_THAT(ReplayToServer(), ExitsWith(ExitCode::kData));
  EXPECT_TRUE(requests_.empty());
}

TEST_F(InfluxCommandTest, RecordsAreSentWhereTheFileHasFewerPoints) {
  WriteRecords();
  Write(kSpoolFile, "a x=1 1\n");
  REPRISE_EXPECT_OK(ReplayToServer());
  EXPECT_THAT(out_.str(), HasSubstr("influx: 50 points of "));
  EXPECT_THAT(Sent(), Not(HasSubstr("a x=1 1")));
}

TEST_F(InfluxCommandTest, ABadRecordIsToldAndThePointsOfTheFileAreSent) {
  Write("metrics.jsonl", "{\"no\":\"record\"}\n");
  EXPECT_THAT(ReplayToServer(), ExitsWith(ExitCode::kData));
  Write(kSpoolFile, "a x=1 1\n");
  REPRISE_EXPECT_OK(ReplayToServer());
  EXPECT_EQ(Sent(), "a x=1 1\n");
  EXPECT_THAT(out_.str(), HasSubstr("metrics.jsonl"));
}

TEST_F(InfluxCommandTest, ADamagedRunJsonHoldsUpOnlyWhatNeedsIt) {
  Write(kSpoolFile, "a x=1 1\n");
  Write("run.json", "{");
  EXPECT_THAT(Replay({}), ExitsWith(ExitCode::kData));
  REPRISE_EXPECT_OK(ReplayToServer());
  EXPECT_EQ(Sent(), "a x=1 1\n");
  EXPECT_THAT(out_.str(), HasSubstr("run.json"));
}

TEST_F(InfluxCommandTest, WhatARunRefusesIsRefusedHere) {
  Write(kSpoolFile, "a x=1 1\n");
  EXPECT_THAT(
      Replay({"--influx-url=http://127.0.0.1:1", "--influx-database=runs",
              "--influx-org=o", "--influx-bucket=b"}),
      FailsWith("--influx-database (InfluxDB 1) contradicts"));
  EXPECT_THAT(Replay({}), FailsWith("--influx-url: expected a server"));
}

TEST_F(InfluxCommandTest, ATokenOfTheEnvironmentIsStrippedAndChecked) {
  Write(kSpoolFile, "a x=1 1\n");
  ScriptedServer server([](const HttpRequest&) { return HttpAnswer(); });
  const std::vector<std::string> flags = {
      "--influx-url=" + server.url(), "--influx-org=o", "--influx-bucket=b"};
  setenv("INFLUX_TOKEN", " s3cret\n", 1);
  REPRISE_EXPECT_OK(Replay(flags));
  EXPECT_THAT(server.requests()[0].head,
              HasSubstr("Authorization: Token s3cret\r\n"));
  setenv("INFLUX_TOKEN", "s3cret\r\nX-Other: 1", 1);
  const absl::Status refused = Replay(flags);
  EXPECT_THAT(refused, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(refused, FailsWith("INFLUX_TOKEN: expected one line"));
  EXPECT_THAT(refused.ToString(), Not(HasSubstr("s3cret")));
}

TEST_F(InfluxCommandTest, RefusedPointsEndItWithTheirFile) {
  Write(kSpoolFile, "a x=1 1\nb x=2 2\n");
  const HttpAnswer refusal{400, "", R"({"error":"unable to parse: x"})"};
  for (int time = 0; time < 2; ++time) {
    const absl::Status status = ReplayToServer(refusal);
    EXPECT_THAT(status, ExitsWith(ExitCode::kData));
    EXPECT_THAT(status, FailsWith(kRefusedFile));
    const std::string kept =
        ReadWholeFile(folder_ + "/" + kRefusedFile).value_or("");
    EXPECT_EQ(kept,
              "# status 400, unable to parse: x\na x=1 1\n"
              "# status 400, unable to parse: x\nb x=2 2\n");
  }
}

}  // namespace
}  // namespace reprise
