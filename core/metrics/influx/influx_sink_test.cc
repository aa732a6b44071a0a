// The sink against a server whose answers are scripted; a real one:
// tests/influx.
#include "core/metrics/influx/influx_sink.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "core/metrics/influx/testing/scripted_server.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/testing/scripted_run.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

// While alive, no file of this process has more than `bytes` bytes.
class SmallDisk {
 public:
  explicit SmallDisk(rlim_t bytes) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const struct rlimit limit = {bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SmallDisk() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  struct rlimit before_;
};

// Takes requests, and answers none while it is alive.
class StuckServer {
 public:
  StuckServer()
      : server_([this](const HttpRequest&) {
          if (!is_asked_.exchange(true)) asked_.set_value();
          answer_.wait();
          return HttpAnswer();
        }) {}
  ~StuckServer() { may_answer_.set_value(); }
  std::string url() const { return server_.url(); }
  void WaitForRequest() { asked_.get_future().wait(); }

 private:
  std::atomic<bool> is_asked_{false};
  std::promise<void> asked_, may_answer_;
  std::shared_future<void> answer_{may_answer_.get_future()};
  ScriptedServer server_;
};

class InfluxSinkTest : public ::testing::Test {
 protected:
  InfluxSinkTest() : folder_(::testing::TempDir() + "influx_sink") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    options_.target.database = "runs";
    options_.pace.batch_age = absl::ZeroDuration();
    options_.pace.first_retry = absl::Milliseconds(1);
    options_.pace.longest_retry = absl::Milliseconds(4);
    options_.pace.request_limit = absl::Seconds(5);
  }

  std::string File(const std::string& name) const {
    return ReadWholeFile(folder_ + "/" + name).value_or("");
  }

  // Plays the scripted run to `script`; what was logged.
  std::string Play(const ScriptedServer::Script& script) {
    ScriptedServer server(script);
    if (options_.target.url.empty()) options_.target.url = server.url();
    CaptureStderr();
    {
      auto sink = MakeInfluxSink(folder_, options_);
      EXPECT_THAT(sink, IsOk());
      REPRISE_EXPECT_OK(PlayScriptedRun(**sink));
    }
    requests_ = server.requests();
    return GetCapturedStderr();
  }

  // Points that were sent, without repetitions, in order.
  std::string Sent() const {
    std::set<std::string> seen;
    std::string sent;
    for (const HttpRequest& request : requests_) {
      for (const absl::string_view line :
           absl::StrSplit(request.body, '\n', absl::SkipEmpty())) {
        if (seen.emplace(line).second) absl::StrAppend(&sent, line, "\n");
      }
    }
    return sent;
  }

  const std::string folder_;
  InfluxOptions options_;
  std::vector<HttpRequest> requests_;
};

TEST_F(InfluxSinkTest, EveryPointOfARunIsInTheFileAndOnTheServer) {
  const std::string log = Play([](const HttpRequest&) { return HttpAnswer(); });
  const std::string spool = File(kSpoolFile);
  // 44 records, and 2 classes at the end of each of 3 tasks.
  EXPECT_EQ(std::count(spool.begin(), spool.end(), '\n'), 50);
  EXPECT_EQ(Sent(), spool);
  EXPECT_THAT(log, HasSubstr("InfluxDB: 50 points written to http://"));
  EXPECT_THAT(requests_[0].head,
              HasSubstr("POST /write?db=runs&precision=ns HTTP/1.1\r\n"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/" + kRefusedFile));
}

TEST_F(InfluxSinkTest, ABucketTakesATokenThatStandsInNoFileOrLog) {
  options_.target.database.clear();
  options_.target.org = "my org";
  options_.target.bucket = "a&b";
  options_.target.token = "s3cret";
  const std::string log = Play([](const HttpRequest&) {
    return HttpAnswer{401, "", R"({"message":"unauthorized access"})"};
  });
  EXPECT_THAT(requests_[0].head,
              AllOf(HasSubstr("POST /api/v2/write?org=my%20org&bucket=a%26b&"
                              "precision=ns HTTP/1.1\r\n"),
                    HasSubstr("Authorization: Token s3cret\r\n")));
  EXPECT_THAT(log, Not(HasSubstr("s3cret")));
  EXPECT_THAT(File(kSpoolFile), Not(HasSubstr("s3cret")));
}

TEST_F(InfluxSinkTest,
       AWrongSecretIsToldOnceWithTheRemedyAndNotRetriedAtSpeed) {
  options_.target.user = "u";
  options_.target.password = "s3cret";
  const std::string log = Play([](const HttpRequest&) {
    return HttpAnswer{401, "", R"({"error":"authorization failed"})"};
  });
  EXPECT_THAT(log, HasSubstr("does not take points: status 401, authorization "
                             "failed; remedy: give a user who may write"));
  EXPECT_THAT(
      log,
      HasSubstr(absl::StrCat("50 not yet: status 401, authorization failed")));
  EXPECT_THAT(log, HasSubstr(absl::StrCat("reprise influx replay ", folder_)));
  EXPECT_THAT(log, Not(HasSubstr("s3cret")));
  // Of "u:s3cret".
  EXPECT_THAT(requests_[0].head,
              HasSubstr("Authorization: Basic dTpzM2NyZXQ=\r\n"));
  // The first, and once more at the end.
  EXPECT_LE(requests_.size(), 2u);
  EXPECT_EQ(log.find("does not take"), log.rfind("does not take"));
}

TEST_F(InfluxSinkTest, WhatFailsForAWhileIsSentAgainUntilAllIsThere) {
  std::atomic<int> answered{0};
  const std::string log = Play([&answered](const HttpRequest&) {
    switch (answered++) {
      case 0:
        return HttpAnswer{500, "", "boom"};
      case 1:
        return HttpAnswer{503, "Retry-After: 0\r\n", ""};
      case 2:
        return HttpAnswer{429, "", R"({"error":"slow down"})"};
      default:
        return HttpAnswer();
    }
  });
  EXPECT_EQ(Sent(), File(kSpoolFile));
  EXPECT_THAT(log, HasSubstr("does not take points: status 500, boom; "));
  EXPECT_EQ(log.find("takes points again"), log.rfind("takes points again"));
  EXPECT_THAT(log, HasSubstr("takes points again"));
  EXPECT_THAT(log, HasSubstr("InfluxDB: 50 points written"));
}

TEST_F(InfluxSinkTest, TheTimeThatAServerAsksForIsWaited) {
  std::promise<void> asked_again;
  std::atomic<int> answered{0};
  absl::Time times[2];
  ScriptedServer server([&](const HttpRequest&) {
    const int answer = answered++;
    if (answer < 2) times[answer] = absl::Now();
    if (answer == 1) asked_again.set_value();
    return answer == 0 ? HttpAnswer{429, "Retry-After: 1\r\n", ""}
                       : HttpAnswer();
  });
  options_.target.url = server.url();
  CaptureStderr();
  auto sink = MakeInfluxSink(folder_, options_);
  ASSERT_THAT(sink, IsOk());
  REPRISE_EXPECT_OK((*sink)->OnRunStart(ScriptedRunStart()));
  // Before the run's end, which hurries.
  asked_again.get_future().wait();
  EXPECT_GE(times[1] - times[0], absl::Milliseconds(900));
  sink->reset();
  GetCapturedStderr();
}

// A point of test 1 is refused, as InfluxDB refuses one whose field has another
// type: the others of the batch are taken.
TEST_F(InfluxSinkTest, ARefusedPointIsFoundToldAndKeptAndTheOthersCount) {
  const auto is_bad = [](absl::string_view line) {
    return absl::StrContains(line, "test_task=1,head=nme");
  };
  const std::string log = Play([&](const HttpRequest& request) {
    int bad = 0;
    for (const auto line : absl::StrSplit(request.body, '\n')) {
      bad += is_bad(line);
    }
    if (bad == 0) return HttpAnswer();
    return HttpAnswer{
        400, "",
        absl::StrCat(R"({"error":"partial write: field type conflict )",
                     "dropped=", bad, "\"}")};
  });
  EXPECT_EQ(Sent(), File(kSpoolFile));
  std::vector<std::string> refused;
  for (const absl::string_view line :
       absl::StrSplit(File(kRefusedFile), '\n', absl::SkipEmpty())) {
    if (line[0] == '#') {
      EXPECT_THAT(std::string(line), HasSubstr("field type conflict"));
    } else {
      EXPECT_TRUE(is_bad(line)) << line;
      refused.emplace_back(line);
    }
  }
  // Before and after the training of tasks 1 and 2.
  EXPECT_EQ(refused.size(), 4u);
  EXPECT_THAT(log, HasSubstr("InfluxDB: 46 points written"));
  EXPECT_THAT(log, HasSubstr(", 4 refused ("));
  EXPECT_EQ(log.find("refuses points"), log.rfind("refuses points"));
}

// As a gateway does that does not let the server be asked: no half of a batch
// is any better.
TEST_F(InfluxSinkTest, AnAnswerThatIsNotAboutPointsIsTroubleWithTheAddress) {
  const std::string log = Play([](const HttpRequest&) {
    return HttpAnswer{400, "", "<html>\x1b[31mBad Request</html>\n"};
  });
  EXPECT_LE(requests_.size(), 2u);
  EXPECT_THAT(log, HasSubstr("does not take points: status 400, "
                             "<html>\\x1b[31mBad Request</html>; remedy: "));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/" + kRefusedFile));
}

TEST_F(InfluxSinkTest, AServerThatIsNotThereCostsAWarningAndThePointsStay) {
  options_.target.url = "http://127.0.0.1:1";
  options_.flush_limit = absl::Seconds(1);
  const std::string log = Play([](const HttpRequest&) { return HttpAnswer(); });
  EXPECT_THAT(log, HasSubstr("warning: InfluxDB: http://127.0.0.1:1, database "
                             "runs does not take points: "));
  EXPECT_THAT(log, HasSubstr("0 points written"));
  EXPECT_THAT(log, HasSubstr("50 not yet: "));
  const std::string spool = File(kSpoolFile);
  EXPECT_EQ(std::count(spool.begin(), spool.end(), '\n'), 50);
}

// Its answer to the first request comes when the run is over.
TEST_F(InfluxSinkTest, ASlowServerDoesNotHoldUpTheThreadThatReports) {
  std::promise<void> reported;
  std::shared_future<void> is_over(reported.get_future());
  ScriptedServer server([&is_over](const HttpRequest&) {
    is_over.wait();
    return HttpAnswer();
  });
  options_.target.url = server.url();
  CaptureStderr();
  auto sink = MakeInfluxSink(folder_, options_);
  ASSERT_THAT(sink, IsOk());
  REPRISE_EXPECT_OK((*sink)->OnRunStart(ScriptedRunStart()));
  for (int task = 0; task < 3; ++task) {
    REPRISE_EXPECT_OK(PlayScriptedTask(task, **sink));
  }
  reported.set_value();
  REPRISE_EXPECT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  sink->reset();
  requests_ = server.requests();
  EXPECT_EQ(Sent(), File(kSpoolFile));
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("InfluxDB: 50 points written"));
}

// What the end waits for is said while it waits, and nothing afterwards.
TEST_F(InfluxSinkTest, AServerWithoutAnAnswerIsWaitedForAloudAndNotForLong) {
  StuckServer server;
  options_.target.url = server.url();
  options_.flush_limit = absl::Milliseconds(1500);
  CaptureStderr();
  auto sink = MakeInfluxSink(folder_, options_);
  ASSERT_THAT(sink, IsOk());
  REPRISE_EXPECT_OK((*sink)->OnRunStart(ScriptedRunStart()));
  server.WaitForRequest();
  REPRISE_EXPECT_OK((*sink)->OnRunEnd(ScriptedRunEnd()));
  sink->reset();
  const std::string log = GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("InfluxDB: the end waits up to 1.5s for http://"));
  EXPECT_THAT(log, HasSubstr("2 not yet: no answer yet; all are in "));
  EXPECT_THAT(log, Not(HasSubstr("the run goes on")));
}

// Other ranks wait to be told of the failure.
TEST_F(InfluxSinkTest, ARunThatFailsDoesNotWaitAsLongAsOneThatEnds) {
  StuckServer server;
  options_.target.url = server.url();
  options_.flush_limit = absl::Minutes(10);
  CaptureStderr();
  auto sink = MakeInfluxSink(folder_, options_);
  ASSERT_THAT(sink, IsOk());
  REPRISE_EXPECT_OK((*sink)->OnRunStart(ScriptedRunStart()));
  server.WaitForRequest();
  sink->reset();  // or the test's own limit passes
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("1 not yet: no answer yet"));
}

TEST_F(InfluxSinkTest, PointsThatAFullDiskDoesNotTakeAreCounted) {
  ScriptedServer server([](const HttpRequest&) { return HttpAnswer(); });
  options_.target.url = server.url();
  CaptureStderr();
  {
    auto sink = MakeInfluxSink(folder_, options_);
    ASSERT_THAT(sink, IsOk());
    const SmallDisk disk(2000);
    (*sink)->OnRunStart(ScriptedRunStart()).IgnoreError();
    for (int i = 1; i <= 30; ++i) {
      StepRecord step;
      step.unix_microseconds = i;
      (*sink)->OnStep(step).IgnoreError();
    }
    (*sink)->OnRunEnd(ScriptedRunEnd()).IgnoreError();
  }
  const std::string log = GetCapturedStderr();
  requests_ = server.requests();
  EXPECT_EQ(Sent(), File(kSpoolFile));
  const std::string sent = Sent();
  const auto points = std::count(sent.begin(), sent.end(), '\n');
  EXPECT_GT(points, 0);
  EXPECT_THAT(log, HasSubstr(absl::StrCat(points, " points written")));
  EXPECT_THAT(log, HasSubstr(absl::StrCat(", ", 32 - points, " never, as ")));
  EXPECT_THAT(log, HasSubstr("send them by: reprise influx replay "));
}

TEST_F(InfluxSinkTest, ARunThatFailsDeliversWhatItReported) {
  ScriptedServer server([](const HttpRequest&) { return HttpAnswer(); });
  options_.target.url = server.url();
  CaptureStderr();
  {
    auto sink = MakeInfluxSink(folder_, options_);
    ASSERT_THAT(sink, IsOk());
    REPRISE_EXPECT_OK((*sink)->OnRunStart(ScriptedRunStart()));
    REPRISE_EXPECT_OK(PlayScriptedTask(0, **sink));
  }
  requests_ = server.requests();
  EXPECT_EQ(Sent(), File(kSpoolFile));
  EXPECT_THAT(GetCapturedStderr(), HasSubstr("points written"));
}

TEST(InfluxUrlTest, AnAddressWithASecretIsRefusedWithoutRepeatingIt) {
  for (const char* url :
       {"http://u:s3cret@host", "https://s3cret@host:1/x",
        "http://u:pass/s3cret@host:1", "ftp://u:s3cret@host", "u:s3cret@host",
        "http://host/write?p=s3cret", "host/write?p=s3cret"}) {
    const absl::Status status = CheckInfluxUrl(url);
    EXPECT_THAT(status, ExitsWith(ExitCode::kUsage)) << url;
    EXPECT_THAT(status.ToString(), Not(HasSubstr("s3cret")));
  }
  for (const char* url : {"http://u:p@host", "http://u:p/q@host"}) {
    EXPECT_THAT(CheckInfluxUrl(url), FailsWith("INFLUX_PASSWORD"));
  }
}

TEST(InfluxUrlTest, OtherAddressesAreHttpOrHttpsWithAHost) {
  for (const char* url :
       {"http://localhost:8086", "https://a.b/influx/", "http://[::1]:8086"}) {
    REPRISE_EXPECT_OK(CheckInfluxUrl(url));
  }
  for (const char* url : {"", "localhost:8086", "http://", "http:///x",
                          "http://:80", "http://a b"}) {
    EXPECT_THAT(CheckInfluxUrl(url), FailsWith("expected http://HOST")) << url;
  }
}

}  // namespace
}  // namespace reprise
