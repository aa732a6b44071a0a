#include "launch/monitoring/monitoring_command.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using ::testing::HasSubstr;

// A folder of the test's own that is not there yet.
std::string NewFolder(const std::string& name) {
  const std::string folder = absl::StrCat(testing::TempDir(), "/", name);
  std::filesystem::remove_all(folder);
  return folder;
}

std::set<std::string> FilesIn(const std::string& folder) {
  std::set<std::string> files;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    files.insert(std::filesystem::relative(entry.path(), folder));
  }
  return files;
}

TEST(MonitoringCommandTest, WritesWhatItNamesAndSaysHowToGoOn) {
  const std::string folder = NewFolder("new/monitoring");
  std::ostringstream out;
  REPRISE_ASSERT_OK(RunMonitoringCommand({"--output", folder}, out));
  const std::set<std::string> files = FilesIn(folder);
  EXPECT_EQ(files.size(), 10u);
  for (const std::string& file : files) {
    EXPECT_THAT(out.str(), HasSubstr(file));
  }
  for (const char* step :
       {"docker compose up -d", "--influx-url=http://localhost:8086",
        "ssh -NL 3000:localhost:3000 HOST",
        "ssh -J GATEWAY -NL 3000:localhost:3000 HOST",
        "ssh -NL 3000:HOST:3000 GATEWAY"}) {
    EXPECT_THAT(out.str(), HasSubstr(step));
  }
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const std::string dashboard,
      ReadWholeFile(folder + "/grafana/dashboards/reprise-training.json"));
  EXPECT_EQ(nlohmann::json::parse(dashboard)["uid"], "reprise-training");
}

TEST(MonitoringCommandTest, FilesDoNotDependOnWhereTheyAreWritten) {
  const std::string one = NewFolder("one"), other = NewFolder("two/other");
  std::ostringstream out;
  REPRISE_ASSERT_OK(RunMonitoringCommand({"--output=" + one}, out));
  REPRISE_ASSERT_OK(RunMonitoringCommand({"--output=" + other}, out));
  EXPECT_EQ(FilesIn(one), FilesIn(other));
  for (const std::string& file : FilesIn(one)) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::string left,
                                 ReadWholeFile(one + "/" + file));
    REPRISE_ASSERT_OK_AND_ASSIGN(const std::string right,
                                 ReadWholeFile(other + "/" + file));
    EXPECT_EQ(left, right) << file;
  }
}

TEST(MonitoringCommandTest, ReplacesNothingUnlessItIsForced) {
  const std::string folder = NewFolder("taken");
  std::filesystem::create_directories(folder + "/telegraf");
  std::ofstream(folder + "/telegraf/telegraf.conf") << "mine";
  std::ofstream(folder + "/notes.txt") << "mine";
  std::ostringstream out;
  const absl::Status status = RunMonitoringCommand({"--output=" + folder}, out);
  EXPECT_THAT(status, FailsWith("telegraf.conf: is there already"));
  EXPECT_EQ(ExitCodeOf(status), ExitCode::kUsage);
  EXPECT_EQ(FilesIn(folder).size(), 2u);

  REPRISE_ASSERT_OK(
      RunMonitoringCommand({"--output=" + folder, "--force"}, out));
  EXPECT_THAT(ReadWholeFile(folder + "/telegraf/telegraf.conf").value(),
              HasSubstr("[[inputs.cpu]]"));
  EXPECT_EQ(ReadWholeFile(folder + "/notes.txt").value(), "mine");
  EXPECT_EQ(FilesIn(folder).size(), 11u);
}

TEST(MonitoringCommandTest, RefusesWhatWouldNotStandInTheFiles) {
  const std::string folder = NewFolder("refused");
  std::ostringstream out;
  for (const char* flag :
       {"--database=a b", "--telegraf-database=\"", "--influx-url=node:8086",
        "--influx-url=http://user:secret@node:8086", "--influx-url=http://",
        "elsewhere"}) {
    EXPECT_EQ(
        ExitCodeOf(RunMonitoringCommand({"--output=" + folder, flag}, out)),
        ExitCode::kUsage)
        << flag;
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST(MonitoringCommandTest, HelpSaysWhatItWritesAndTakes) {
  std::ostringstream out;
  REPRISE_ASSERT_OK(RunMonitoringCommand({"--help"}, out));
  for (const char* text :
       {"--output=DIR", "--force", "--influx-url=URL", "Grafana"}) {
    EXPECT_THAT(out.str(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace reprise
