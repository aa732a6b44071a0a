#include "launch/settings/components/setting_table.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/setting.h"

namespace reprise {
namespace {

TEST(SettingTable, ExplainsEverySettingUnderAHeading) {
  for (const Setting& setting : Settings()) {
    EXPECT_FALSE(setting.help.empty()) << setting.name;
    EXPECT_FALSE(setting.heading.empty()) << setting.name;
    EXPECT_EQ(setting.metavar.empty(), setting.is_bool) << setting.name;
  }
}

TEST(SettingTable, NamesEverySettingOnceWithHyphens) {
  std::set<std::string> names;
  for (const Setting& setting : Settings()) {
    EXPECT_TRUE(names.insert(setting.name).second) << setting.name;
    for (const std::string& alias : setting.aliases) {
      EXPECT_TRUE(names.insert(alias).second) << alias;
    }
    for (const char c : setting.name) {
      EXPECT_TRUE(absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-')
          << setting.name;
    }
    EXPECT_EQ(FindSetting(setting.name)->name, setting.name);
  }
}

// What --print-config prints can be given.
TEST(SettingTable, StoresEachDefaultAsItIsPrinted) {
  for (const Setting& setting : Settings()) {
    ExperimentSpec spec;
    if (!setting.keys.empty()) {
      for (const SettingKey& key : setting.keys) {
        const LiteralValue value = key.key.write(spec);
        EXPECT_FALSE(key.key.read(value, &spec).has_value()) << key.key.name;
        EXPECT_EQ(ToJson(key.key.write(spec)), ToJson(value)) << key.key.name;
      }
      continue;
    }
    const std::string json = setting.json(setting, spec);
    if (json == "null") continue;
    const std::string text =
        json.front() == '"' ? json.substr(1, json.size() - 2) : json;
    EXPECT_TRUE(setting.store(setting, text, &spec).ok())
        << setting.name << " = " << text;
    EXPECT_EQ(setting.json(setting, spec), json) << setting.name;
  }
}

TEST(SettingTable, ShowsWhatBelongsTogetherTogether) {
  const auto position_of = [](const std::string& name) {
    return FindSetting(name) - Settings().data();
  };
  EXPECT_EQ(position_of("global-representatives"),
            position_of("global-batch-size") + 1);
  EXPECT_EQ(position_of("augment"), position_of("regime") + 1);
  EXPECT_EQ(FindSetting("timeline")->heading, "Ranks and devices");
}

}  // namespace
}  // namespace reprise
