#include "core/metrics/influx/point_delivery.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/metrics/influx/influx_server.h"
#include "core/metrics/influx/testing/scripted_server.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

std::string Repeated(absl::string_view text, int64_t times) {
  std::string all;
  for (int64_t i = 0; i < times; ++i) absl::StrAppend(&all, text);
  return all;
}

// The batches of a file that holds `content`, up to `to`.
absl::StatusOr<std::vector<std::string>> Batches(const std::string& content,
                                                 int64_t to) {
  const std::string path = ::testing::TempDir() + "batches";
  REPRISE_RETURN_IF_ERROR(ReplaceFile(path, {content}));
  REPRISE_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  std::vector<std::string> batches;
  for (int64_t at = 0; at < to;) {
    REPRISE_ASSIGN_OR_RETURN(std::string batch, ReadBatch(file, at, to));
    at += static_cast<int64_t>(batch.size());
    batches.push_back(std::move(batch));
  }
  return batches;
}

TEST(ReadBatchTest, ABatchIsWholeLinesAndNoMoreThanOneRequestTakes) {
  const std::string lines = Repeated("x\n", 2 * kBatchPoints + 1);
  EXPECT_THAT(*Batches(lines + "half", static_cast<int64_t>(lines.size())),
              ElementsAre(Repeated("x\n", kBatchPoints),
                          Repeated("x\n", kBatchPoints), "x\n"));
}

TEST(ReadBatchTest, ALineThatIsLongerThanABatchIsOneAlone) {
  const std::string line = std::string(3 * kBatchBytes, 'y') + "\n";
  const std::string all = absl::StrCat("x\n", line, "z\n");
  const std::vector<std::string> expected = {"x\n", line, "z\n"};
  // Not printed where it fails.
  EXPECT_TRUE(*Batches(all, static_cast<int64_t>(all.size())) == expected);
}

TEST(ReadBatchTest, WhatHasNoLineEndIsNoBatch) {
  EXPECT_THAT(Batches("x\nhalf", 6),
              FailsWith("offset 2: expected a line end before offset 6"));
  const std::string half(2 * kBatchBytes, 'x');
  EXPECT_THAT(Batches(half, static_cast<int64_t>(half.size())),
              ExitsWith(ExitCode::kData));
}

class PointDeliveryTest : public ::testing::Test {
 protected:
  PointDeliveryTest() : refused_(::testing::TempDir() + "rejected.lp") {
    std::filesystem::remove(refused_);
  }

  // Delivers `lines` in one batch to a server of `script`.
  InfluxReply Deliver(const std::string& lines, ScriptedServer::Script script) {
    ScriptedServer server(std::move(script));
    InfluxTarget target;
    target.url = server.url();
    target.database = "runs";
    auto made = InfluxServer::Make(target);
    EXPECT_THAT(made, IsOk());
    PointDelivery delivery(*std::move(made), refused_);
    CaptureStderr();
    const InfluxReply reply = delivery.Deliver(lines, absl::Seconds(30));
    log_ = GetCapturedStderr();
    requests_ = server.requests();
    EXPECT_THAT(delivery.refusal_under_way(), IsEmpty());
    return reply;
  }

  const std::string refused_;
  std::string log_;
  std::vector<HttpRequest> requests_;
};

// Refuses the lines that have "bad" in them, as versions 1 and 2 say it.
HttpAnswer RefuseBad(const HttpRequest& request) {
  if (!absl::StrContains(request.body, "bad")) return HttpAnswer();
  return HttpAnswer{
      400, "",
      absl::StrCat(R"({"code":"invalid","message":"unable to )", "parse '",
                   std::string(5000, 'b'), R"(': the reason stands here"})")};
}

TEST_F(PointDeliveryTest, TheRefusedFileHasEachPointWithTheWholeReasonOnce) {
  for (int time = 0; time < 2; ++time) {
    EXPECT_EQ(Deliver("a x=1 1\nbad x=2 2\nc x=3 3\n", RefuseBad).kind,
              InfluxReply::Kind::kTaken);
    const std::string kept = ReadWholeFile(refused_).value_or("");
    EXPECT_THAT(kept, StartsWith("# status 400, unable to parse 'bbb"));
    EXPECT_THAT(kept, HasSubstr("b': the reason stands here\nbad x=2 2\n"));
    EXPECT_LT(kept.size(), 600u);
    EXPECT_EQ(kept.find("bad"), kept.rfind("bad"));
  }
}

TEST_F(PointDeliveryTest, OnlyAnAnswerAboutPointsIsARefusalOfSome) {
  const std::string lines = Repeated("a x=1 1\n", 64);
  for (const char* body :
       {"", "<html>Bad Request</html>", R"({"error":"database is required"})",
        R"({"code":"empty value","message":"missing org"})"}) {
    const InfluxReply reply = Deliver(lines, [body](const HttpRequest&) {
      return HttpAnswer{400, "", body};
    });
    EXPECT_EQ(reply.kind, InfluxReply::Kind::kSetup) << body;
    EXPECT_THAT(reply.reason, HasSubstr("remedy: check that --influx-url"));
    EXPECT_EQ(requests_.size(), 1u) << body;
  }
}

TEST_F(PointDeliveryTest, AnAnswerIsToldInPrintableCharacters) {
  const InfluxReply reply = Deliver("a x=1 1\n", [](const HttpRequest&) {
    return HttpAnswer{500, "", "{\"error\":\"\\u001b[31m\\nred\"}"};
  });
  EXPECT_EQ(reply.reason, "status 500, \\x1b[31m\\nred");
}

}  // namespace
}  // namespace reprise
