#include "launch/cli/dict_keys.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/cli/dict_literal.h"
#include "launch/cli/enum_names.h"
#include "launch/cli/literal_value.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

enum class Kind { kClass, kInstance };
constexpr EnumName<Kind> kKindNames[] = {{Kind::kClass, "class"},
                                         {Kind::kInstance, "instance"}};
EnumNames<Kind> NamesOf(Kind) { return kKindNames; }

struct Options {
  bool flag = false;
  int64_t count = 20;
  std::optional<int64_t> maybe;
  Kind kind = Kind::kClass;
  std::optional<double> rate;
};

const std::vector<DictKey<Options>>& Keys() {
  static const auto& keys = *new std::vector<DictKey<Options>>{
      BindKey("flag", &Options::flag), BindKey("count", &Options::count, 1),
      BindKey("maybe", &Options::maybe), BindKey("name", &Options::kind),
      BindKey("rate", &Options::rate)};
  return keys;
}

std::vector<std::string> Fill(const std::string& text, Options* options) {
  const auto dict = ParseDictLiteral(text);
  if (!dict.ok()) return {std::string(dict.status().message())};
  std::vector<std::string> problems;
  ReadDict(*dict, Keys(), "--agent-config", options, &problems);
  return problems;
}

TEST(DictKeys, FillTypedFieldsAndHonourFalsyValues) {
  Options options;
  options.flag = true;
  EXPECT_THAT(Fill("{'flag': False, 'count': 7, 'maybe': 0, 'name': "
                   "'instance', 'rate': 1}",
                   &options),
              IsEmpty());
  EXPECT_FALSE(options.flag);
  EXPECT_EQ(options.count, 7);
  EXPECT_EQ(options.maybe, 0);
  EXPECT_EQ(options.kind, Kind::kInstance);
  EXPECT_EQ(options.rate, 1.0);
}

TEST(DictKeys, LeaveFieldsOfAbsentKeysAndBringDefaultsBackForNone) {
  Options options;
  options.count = 5;
  options.maybe = 6;
  options.rate = 0.5;
  EXPECT_THAT(Fill("{'count': None, 'rate': None}", &options), IsEmpty());
  EXPECT_EQ(options.count, 20);
  EXPECT_EQ(options.maybe, 6);
  EXPECT_EQ(options.rate, std::nullopt);
}

TEST(DictKeys, ListAllProblemsWithColumnsAndSuggestions) {
  Options options;
  EXPECT_THAT(
      Fill("{'flag': 1, 'count': 0, 'maybe': 2.0, 'name': 'clas', "
           "'rate': 'x', 'cuont': 3, 'zebra': 1}",
           &options),
      ElementsAre(
          "--agent-config: column 2: 'flag': expected True or False, found 1",
          "--agent-config: column 13: 'count': expected an int from 1, found 0",
          "--agent-config: column 25: 'maybe': expected an int from 0, found "
          "2.0",
          "--agent-config: column 39: 'name': expected one of 'class', "
          "'instance', found 'clas'; did you mean class?",
          "--agent-config: column 55: 'rate': expected a number from 0, found "
          "'x'",
          "--agent-config: column 68: unknown key 'cuont'; did you mean count?",
          "--agent-config: column 80: unknown key 'zebra'; known are flag, "
          "count, maybe, name, rate"));
  EXPECT_EQ(options.count, 20);
}

TEST(DictKeys, WriteWhatTheyReadAlsoAsPartsOfAWhole) {
  struct Whole {
    Options part;
  };
  Whole whole;
  EXPECT_EQ(ToJson(OfPart(&Whole::part, Keys()[3]).write(whole)), "\"class\"");
  EXPECT_EQ(ToJson(OfPart(&Whole::part, Keys()[2]).write(whole)), "null");
  for (const DictKey<Options>& key : Keys()) {
    const DictKey<Whole> of_whole = OfPart(&Whole::part, key);
    whole.part.maybe = 3;
    const LiteralValue written = of_whole.write(whole);
    EXPECT_FALSE(of_whole.read(written, &whole).has_value()) << key.name;
    EXPECT_EQ(ToJson(of_whole.write(whole)), ToJson(written)) << key.name;
  }
}

}  // namespace
}  // namespace reprise
