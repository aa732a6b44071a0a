#include "core/metrics/run_json.h"

#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::nlohmann::json;

// Has a folder that is claimed.
class RunJsonTest : public ::testing::Test {
 protected:
  RunJsonTest() : folder_(::testing::TempDir()), path_(folder_ + "/run.json") {
    REPRISE_EXPECT_OK(ReplaceFile(path_, {RunJsonClaim()}));
  }

  json Read() const {
    const auto text = ReadWholeFile(path_);
    EXPECT_THAT(text, IsOk());
    return json::parse(*text);
  }

  const std::string folder_, path_;
};

TEST_F(RunJsonTest, TellsWhoseTheFolderIsAsFarAsItSays) {
  EXPECT_THAT(OwnerInRunJson(path_), ::testing::StartsWith(absl::StrCat(
                                         "process ", getpid(), " on host \"")));
  REPRISE_ASSERT_OK(ReplaceFile(path_, {"{\"pid\": 1}"}));
  EXPECT_EQ(OwnerInRunJson(path_), "another run");
  EXPECT_EQ(OwnerInRunJson(path_ + ".missing"), "another run");
}

TEST_F(RunJsonTest, KeepsTheClaimAndHoldsSettingsWithOrigins) {
  const json claim = Read();
  RunInfo info;
  info.run_id = "20240229T235959Z-a-0123456789abcdef";
  info.experiment = "mnist_nil_mnistnet";
  info.world_size = 2;
  info.hosts = {"a", "b"};
  info.threads = {2, 4};
  info.cores = {"0-1", "0-7"};
  info.bound = {true, false};
  info.core_quotas = {0, 2.5};
  info.openmp_wait = "OMP_WAIT_POLICY=passive";
  info.memory_format = "channels_last";
  info.memory_format_origin = "measured";
  info.seed = 42;
  info.generated_data = true;
  info.data_digests["t10k"] = "0123";
  info.settings = {{"lr", "0.05", "command line"},
                   {"model", "\"x\"", "default"}};
  REPRISE_ASSERT_OK(WriteRunJson(folder_, info));
  const json run = Read();
  EXPECT_EQ(run["started"], claim["started"]);
  EXPECT_EQ(run["host"], claim["host"]);
  EXPECT_EQ(run["run"], "20240229T235959Z-a-0123456789abcdef");
  EXPECT_EQ(run["hosts"], json({"a", "b"}));
  EXPECT_EQ(run["threads"], json({2, 4}));
  EXPECT_EQ(run["cores"], json({"0-1", "0-7"}));
  EXPECT_EQ(run["bound"], json({true, false}));
  EXPECT_EQ(run["core_quotas"], json({0.0, 2.5}));
  EXPECT_EQ(run["openmp_wait"], "OMP_WAIT_POLICY=passive");
  EXPECT_EQ(run["memory_format"], "channels_last");
  EXPECT_EQ(run["memory_format_origin"], "measured");
  EXPECT_EQ(run["settings"]["lr"],
            json({{"value", 0.05}, {"origin", "command line"}}));
  EXPECT_EQ(run["settings"]["model"]["value"], "x");
  EXPECT_EQ(run["generated_data"], true);
  EXPECT_EQ(run["data_digests"]["t10k"], "0123");
}

TEST_F(RunJsonTest, ASettingThatIsNotJsonIsNamed) {
  RunInfo info;
  info.settings = {{"lr", "fast", "command line"}};
  EXPECT_THAT(WriteRunJson(folder_, info), FailsWith("lr is not JSON: fast"));
}

}  // namespace
}  // namespace reprise
