// For tests of what command lines resolve to.
#ifndef REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_FIXTURE_H_
#define REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_FIXTURE_H_

#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"
#include "launch/cli/argument_scanner.h"
#include "launch/settings/experiments.h"
#include "launch/settings/resolve/command_line.h"

namespace reprise {

using Arguments = std::vector<std::string>;

inline const VerbNames kVerbs = {
    "run", {"data"}, {"bench", "deploy", "report"}};

// Each test stands in an empty folder of its own.
class Flags : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_EQ(mkdir(folder_.c_str(), 0755), 0);
    setenv("BUILD_WORKING_DIRECTORY", folder_.c_str(), 1);
  }

  void WriteFile(const std::string& name, const std::string& text) {
    REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/" + name, {text}));
  }

  static absl::StatusOr<ParsedCommand> Parse(
      const Arguments& arguments, const char* experiment = "reprise") {
    return ParseCommandLine(arguments, *FindExperiment(experiment), kVerbs);
  }

  // The listed problems, one a line.
  static Arguments Problems(const Arguments& arguments) {
    const auto parsed = Parse(arguments);
    if (parsed.ok()) return {};
    EXPECT_THAT(parsed, ExitsWith(ExitCode::kUsage));
    Arguments lines =
        absl::StrSplit(std::string(parsed.status().message()), "\n  ");
    lines.erase(lines.begin());
    if (!lines.empty()) {
      lines.back() = lines.back().substr(0, lines.back().find('\n'));
    }
    return lines;
  }

  static std::map<std::string, std::string> Settings(
      const ParsedCommand& command) {
    std::map<std::string, std::string> settings;
    for (const auto& setting : command.spec.settings) {
      settings[setting.name] = setting.value_json + " " + setting.origin;
    }
    return settings;
  }

  std::string folder_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RESOLVE_COMMAND_LINE_FIXTURE_H_
