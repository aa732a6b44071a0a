#include "launch/settings/resolve/canonical_arguments.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/components/setting_table.h"
#include "launch/settings/resolve/command_line_fixture.h"
#include "launch/settings/setting.h"

namespace reprise {
namespace {

class CanonicalArgumentsTest : public Flags {
 protected:
  // What a spec says, but for what CanonicalArguments leaves out.
  static std::map<std::string, std::string> Values(const ExperimentSpec& spec) {
    std::map<std::string, std::string> values;
    for (const Setting& setting : reprise::Settings()) {
      if (!setting.is_in_files) continue;
      for (const SettingKey& key : setting.keys) {
        values[absl::StrCat(setting.name, ".", key.key.name)] =
            ToJson(key.key.write(spec));
      }
      if (setting.keys.empty()) {
        values[setting.name] = setting.json(setting, spec);
      }
    }
    // What follows from settings, and is none.
    values["train samples"] =
        absl::StrCat(spec.tasks.max_train_samples_per_task);
    values["phases"] = absl::StrCat(spec.optimizer.phases.size());
    values["experiment"] = spec.experiment;
    return values;
  }

  // False where `arguments` are refused.
  static bool CheckRoundTrip(const Arguments& arguments,
                             const char* experiment = "reprise") {
    const auto first = Parse(arguments, experiment);
    if (!first.ok()) return false;
    const Arguments written = CanonicalArguments(first->spec);
    const auto second = Parse(written, experiment);
    EXPECT_THAT(second, IsOk()) << testing::PrintToString(written);
    if (!second.ok()) return true;
    EXPECT_EQ(Values(second->spec), Values(first->spec))
        << testing::PrintToString(arguments);
    EXPECT_EQ(CanonicalArguments(second->spec), written);
    EXPECT_THAT(second->notes, testing::IsEmpty());
    return true;
  }

  static const Arguments& Texts() {
    static const Arguments& texts =
        *new Arguments{"1",
                       "2",
                       "0.25",
                       "3e-07",
                       "0.1234567",
                       "18446744073709551615",
                       "true",
                       "false",
                       "a b,'c'=\"\\d\" é",
                       "4096",
                       "~/here",
                       "localhost:2",
                       "http://localhost:8086",
                       "[{'epoch': 5, 'lr_factor': 0.1}]",
                       "cifar",
                       "upstream",
                       "7"};
    return texts;
  }

  // `flag`, and what its setting cannot be without.
  static Arguments WithNeeded(const Setting& setting, const std::string& flag) {
    if (setting.name == std::string("influx-url")) {
      return {"run", flag, "--influx-database=runs"};
    }
    return {"run", flag};
  }

  // Each flag that gives `setting` a value, whether it takes it or not.
  static Arguments FlagsOf(const Setting& setting) {
    Arguments flags;
    const std::string name = absl::StrCat("--", setting.name, "=");
    for (const SettingKey& key : setting.keys) {
      for (const char* value :
           {"1", "3", "None", "True", "False", "'class'", "'instance'",
            "'upstream'", "[1, 0, 2]", "''"}) {
        flags.push_back(
            absl::StrCat(name, "{'", key.key.name, "': ", value, "}"));
      }
    }
    if (!setting.keys.empty()) return flags;
    for (const std::string& choice : setting.choices) {
      flags.push_back(name + choice);
    }
    for (const std::string& text : Texts()) flags.push_back(name + text);
    return flags;
  }
};

TEST_F(CanonicalArgumentsTest, StandForEachSettingByItself) {
  for (const Setting& setting : reprise::Settings()) {
    if (!setting.is_in_files || !setting.is_built) continue;
    int accepted = 0;
    for (const std::string& flag : FlagsOf(setting)) {
      accepted += CheckRoundTrip(WithNeeded(setting, flag));
    }
    EXPECT_GE(accepted, 1) << setting.name;
  }
}

TEST_F(CanonicalArgumentsTest, StandForSettingsTogether) {
  // By setting, each by itself taken.
  std::vector<Arguments> taken;
  for (const Setting& setting : reprise::Settings()) {
    if (!setting.is_in_files || !setting.is_built) continue;
    taken.emplace_back();
    for (const std::string& flag : FlagsOf(setting)) {
      if (Parse(WithNeeded(setting, flag)).ok()) taken.back().push_back(flag);
    }
    if (taken.back().empty()) taken.pop_back();  // it needs another beside it
  }
  std::mt19937 random(7);
  int accepted = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    std::map<size_t, std::string> chosen;
    for (int i = 0; i < 5; ++i) {
      const size_t setting = random() % taken.size();
      const Arguments& flags = taken[setting];
      chosen[setting] = flags[random() % flags.size()];
    }
    Arguments arguments = {"run"};
    for (const auto& [setting, flag] : chosen) arguments.push_back(flag);
    accepted += CheckRoundTrip(
        arguments, trial % 2 == 0 ? "reprise" : "mnist_nil_mnistnet");
  }
  EXPECT_GE(accepted, 300);
}

// A file's form and the command line's other form of one thing, both kept.
TEST_F(CanonicalArgumentsTest, KeepWhatANearerFormHasLeftWithoutUse) {
  WriteFile("config.yaml",
            "base:\n  batch-size: 16\n  agent-config: {num_candidates: 5}\n"
            "  tasksets-config: {scenario: instance, num_tasks: 4}\n");
  EXPECT_TRUE(CheckRoundTrip({"run", "--global-batch-size=64", "--agent=nil",
                              "--global-candidates=10",
                              "--tasksets-config={'scenario': 'class'}"}));
}

TEST_F(CanonicalArgumentsTest, AreFreeOfRecipesPresetsAndFiles) {
  for (const Arguments& recipe : std::vector<Arguments>{
           {"--quick"},
           {"--scratch"},
           {"--quick", "--scratch", "--agent=nil"},
           {"--profile=upstream", "--agent=icarl"},
           {"--profile=upstream", "--agent=nil", "--regime=cifar"},
           {"--preset=2022-01"},
           {"--fp16-allreduce"},
           {"--use-adasum"},
           {"--no-cuda"},
           {"--hosts=localhost:3"}}) {
    Arguments arguments = {"run"};
    arguments.insert(arguments.end(), recipe.begin(), recipe.end());
    EXPECT_TRUE(CheckRoundTrip(arguments)) << testing::PrintToString(recipe);
    EXPECT_TRUE(CheckRoundTrip(arguments, "mnist_nil_mnistnet"));
  }
}

TEST_F(CanonicalArgumentsTest, MeanTheSameWhateverFileLiesThere) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand before,
                               Parse({"run", "--lr=0.5"}));
  const Arguments written = CanonicalArguments(before.spec);
  WriteFile("config.yaml", "base:\n  momentum: 0.9\n  warmup_epochs: 3\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand after, Parse(written));
  EXPECT_EQ(Values(after.spec), Values(before.spec));
}

TEST_F(CanonicalArgumentsTest, LeaveDefaultsTheirOrigin) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand first,
      Parse({"run", "--lr=0.5", "--agent-config={'num_candidates': 5}"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand second,
                               Parse(CanonicalArguments(first.spec)));
  EXPECT_EQ(Flags::Settings(second).at("lr"), "0.5 command line");
  EXPECT_EQ(Flags::Settings(second).at("agent-config.num_candidates"),
            "5 command line");
  EXPECT_EQ(Flags::Settings(second).at("scratch"), "false default");
  EXPECT_EQ(Flags::Settings(second).at("agent-config.reset_state_dict"),
            "false default");
}

TEST_F(CanonicalArgumentsTest, MeanTheSameInEveryExperimentsProgram) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand plain,
                               Parse({"run", "--lr=0.5"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand other,
      Parse(CanonicalArguments(plain.spec), "cifar10_icarl_resnet34"));
  EXPECT_EQ(CanonicalArguments(other.spec), CanonicalArguments(plain.spec));
}

}  // namespace
}  // namespace reprise
