#include "launch/cli/dict_literal.h"

#include <random>
#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What the parser understood, in Python's own notation.
std::string Reread(const std::string& text) {
  const auto dict = ParseDictLiteral(text);
  return dict.ok() ? ToPythonLiteral(*dict)
                   : std::string(dict.status().message());
}

TEST(DictLiteral, ReadsWhatUpstreamsUsersWrite) {
  EXPECT_EQ(Reread("{'scenario': 'class', 'initial_increment': 4, "
                   "'increment': 3, 'concatenate_tasksets': True}"),
            "{'scenario': 'class', 'initial_increment': 4, 'increment': 3, "
            "'concatenate_tasksets': True}");
  EXPECT_EQ(Reread("{\"depth\":34}"), "{'depth': 34}");
  EXPECT_EQ(Reread("{}"), "{}");
  EXPECT_EQ(Reread(" { 'a' : [ 1 , -2 ,\n 3.5, ] , } "), "{'a': [1, -2, 3.5]}");
}

TEST(DictLiteral, ReadsEveryKindOfValue) {
  EXPECT_EQ(
      Reread("{'a': None, 'b': False, 'c': 1e-4, 'd': +.5, 'e': 2., "
             "'f': {'g': {}}, 'h': (1, 2), 'i': (3,), 'j': (4), 'k': ()}"),
      "{'a': None, 'b': False, 'c': 0.0001, 'd': 0.5, 'e': 2.0, "
      "'f': {'g': {}}, 'h': [1, 2], 'i': [3], 'j': 4, 'k': []}");
  EXPECT_EQ(Reread("{'n': -9223372036854775808}"),
            "{'n': -9223372036854775808}");
  EXPECT_EQ(Reread("{'n': 000}"), "{'n': 0}");
}

TEST(DictLiteral, ReadsEscapesAsPythonDoes) {
  EXPECT_EQ(Reread(R"({'a': "it's"})"), R"({'a': 'it\'s'})");
  EXPECT_EQ(Reread(R"({'a': 'tab\x41\u00e9\U0001F600\101'})"),
            "{'a': 'tabA\xC3\xA9\xF0\x9F\x98\x80"
            "A'}");
  EXPECT_EQ(Reread("{'a': 'one\\\ntwo'}"), "{'a': 'onetwo'}");
  EXPECT_EQ(Reread("{'schl\xC3\xBCssel': '\xE2\x82\xAC'}"),
            "{'schl\xC3\xBCssel': '\xE2\x82\xAC'}");
}

TEST(DictLiteral, ReadsNumbersAndStringsInAllOfPythonsNotations) {
  EXPECT_EQ(Reread("{'a': 6_000, 'b': 0x22, 'c': -0b1_01, 'd': 0O17}"),
            "{'a': 6000, 'b': 34, 'c': -5, 'd': 15}");
  EXPECT_EQ(Reread("{'a': 1_0.2_5, 'b': 1_0e0_2, 'c': 0_0}"),
            "{'a': 10.25, 'b': 1e+03, 'c': 0}");
  EXPECT_EQ(Reread("{'n': -0x8000000000000000}"),
            "{'n': -9223372036854775808}");
  EXPECT_EQ(Reread("{'num_' \"of\" '_x': 'a'\n'b'}"), "{'num_of_x': 'ab'}");
  EXPECT_EQ(Reread("{u'a': U'b', r'c': r'\\d'}"), "{'a': 'b', 'c': '\\\\d'}");
  EXPECT_EQ(Reread("{'a': '''b'''}"), "{'a': 'b'}");
  EXPECT_EQ(Reread("# first\n{'a': 1, # 'b': 2,\n'c': '#'} # last"),
            "{'a': 1, 'c': '#'}");
}

TEST(DictLiteral, NamesColumnExpectationAndFinding) {
  EXPECT_EQ(Reread("{'a': 1, 'a': 2}"), "column 10: key 'a' is given twice");
  EXPECT_EQ(Reread("{'a' 1}"), "column 6: expected :, found '1}'");
  EXPECT_EQ(Reread("{'a': true}"),
            "column 7: expected a value (strings need quotes); did you mean "
            "True?, found 'true}'");
  EXPECT_EQ(Reread("{'a': 'b}"), "column 7: expected a closing ', found ''b}'");
  EXPECT_EQ(Reread("{'a': 1"), "column 8: expected , or }, found the end");
  EXPECT_EQ(Reread("{'a': [1}"), "column 9: expected , or ], found '}'");
  EXPECT_EQ(Reread("{1: 2}"),
            "column 2: expected a key in quotes or }, found '1: 2}'");
  EXPECT_EQ(Reread(""),
            "column 1: expected a dict like {'key': value}, found the end");
  EXPECT_EQ(Reread("{} {}"),
            "column 4: expected nothing after the dict, found '{}'");
}

TEST(DictLiteral, RefusesHostileText) {
  const std::vector<std::pair<std::string, std::string>> corpus = {
      {"[1]", "expected a dict"},
      {"{'a': __import__('os')}", "expected a value"},
      {"{'a': 1+1}", "expected , or }"},
      {"{'a': 9223372036854775808}", "expected an int of at most 64 bits"},
      {"{'a': 1e999}", "expected a float that fits"},
      {"{'a': nan}", "expected a value"},
      {"{'a': 0x}", "expected a number as Python writes it"},
      {"{'a': 0xfg}", "expected a number as Python writes it"},
      {"{'a': 1__000}", "expected a number as Python writes it"},
      {"{'a': 1_}", "expected a number as Python writes it"},
      {"{'a': 0b2}", "expected a number as Python writes it"},
      {"{'a': 0x8000000000000000}", "expected an int of at most 64 bits"},
      {"{'a': 007}", "expected a"},
      {"{'a': 1.2.3}", "expected a number as Python writes it"},
      {"{'a': 'x\ny'}", "expected a closing '"},
      {"{'a': '\\q'}", "expected an escape"},
      {"{'a': '\\x4'}", "expected an escape"},
      {"{'a': '\\ud800'}", "expected an escape"},
      {"{'a': '\\U00110000'}", "expected an escape"},
      {"{'a': '\\0'}", "expected an escape"},
      {"{'a': b'b'}", "expected a string without the prefix b"},
      {"{'a': f'b'}", "expected a string without the prefix f"},
      {"{'a': 'b' # }", "expected , or }, found the end"},
      {"{,}", "expected a key"},
      {"{'a': 1,,}", "expected a key"},
      {"{'a': ,}", "expected a value"},
      {"{'a': 1)", "expected , or }"},
      {"{'a': '\\", "expected a closing"},
      {"{'a': '\xFF'}", "column 8: expected UTF-8, found '\\xff'}'"},
      {"{'a': '\xC0\x80'}", "expected UTF-8"},
      {"{'a': '\xED\xA0\x80'}", "expected UTF-8"},
      {std::string("{'a\0': 1}", 9), "expected UTF-8"},
      {"{'a': " + std::string(40, '[') + std::string(40, ']') + "}",
       "more than 32 levels"},
      {"{'a': " + std::string(500000, '('), "more than 32 levels"},
      {"{'a': '" + std::string(2 << 20, 'x') + "'}", "at most 1048576 bytes"},
  };
  for (const auto& [text, expected] : corpus) {
    const auto dict = ParseDictLiteral(text);
    EXPECT_THAT(dict, FailsWith(expected)) << text.substr(0, 80);
    EXPECT_THAT(dict, ExitsWith(ExitCode::kUsage)) << text.substr(0, 80);
  }
}

// A dict that was accepted is accepted again as it is written, unchanged.
void ExpectRefusedOrStable(const std::string& text) {
  const auto dict = ParseDictLiteral(text);
  if (!dict.ok()) {
    EXPECT_THAT(dict, ExitsWith(ExitCode::kUsage));
    return;
  }
  const std::string written = ToPythonLiteral(*dict);
  EXPECT_EQ(Reread(written), written) << text;
}

TEST(DictLiteral, SurvivesMutations) {
  const std::vector<std::string> seeds = {
      R"({'scenario': 'class', 'initial_increment': 4, 'on': True, 'x': None})",
      R"({"a": [1, -2.5e3, (3,), {'b': "it's \x41\u00e9\n"}], 'c': {}, })",
      "{'\xC3\xA9': '\xF0\x9F\x98\x80', 'd': ((1)), 'e': ()}"};
  const std::string alphabet =
      "{}[]():,'\"\\ \n0123456789.eE+-_aTFNxuU\xC3\xA9";
  std::mt19937 random(7);
  const auto below = [&](size_t n) { return random() % n; };
  int accepted = 0;
  for (int round = 0; round < 60000; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (size_t change = 0; change <= below(4); ++change) {
      const size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text.erase(at, 1 + below(5));
          break;
        case 1:
          text.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 2:
          text[at] = static_cast<char>(below(256));
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(12)));
      }
      if (text.empty()) text = "{";
    }
    ExpectRefusedOrStable(text);
    accepted += ParseDictLiteral(text).ok();
  }
  // Else the loop would test refusals only.
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace reprise
