#include "launch/report/table/text_table.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace reprise {
namespace {

const std::vector<TextColumn> kColumns = {
    {"name", false, true}, {"value", true}, {"note", false, false, true}};

TEST(TextTable, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(TextTable(kColumns, {{"a", "1", "x"}, {"bcdefg", "100.5", ""}}, 0),
            "name    value  note\n"
            "a           1  x\n"
            "bcdefg  100.5\n");
}

TEST(TextTable, WithoutRowsIsTheHeading) {
  EXPECT_EQ(TextTable(kColumns, {}, 80), "name  value  note\n");
}

TEST(TextTable, CutsThenLeavesOutWhereItIsTooNarrow) {
  const std::vector<std::vector<std::string>> rows = {
      {"a name of 20 letters", "1", "x"}};
  EXPECT_EQ(TextTable(kColumns, rows, 33),
            "name                  value  note\n"
            "a name of 20 letters      1  x\n");
  EXPECT_EQ(TextTable(kColumns, rows, 32),
            "name                 value  note\n"
            "a name of 20 lett..      1  x\n");
  EXPECT_EQ(TextTable(kColumns, rows, 20),
            "name        value\n"
            "a name o..      1\n"
            "(too narrow for: note)\n");
  // Nothing more can go.
  EXPECT_EQ(TextTable(kColumns, rows, 1), TextTable(kColumns, rows, 20));
}

TEST(TextTable, CountsLettersNotBytes) {
  EXPECT_EQ(TextTable(kColumns, {{"\xC3\xA4\xC3\xA4", "1", "x"}}, 0),
            "name  value  note\n"
            "\xC3\xA4\xC3\xA4        1  x\n");
}

TEST(CutToWidth, KeepsWhatFitsAndWholeLetters) {
  EXPECT_EQ(CutToWidth("abcdef", 6), "abcdef");
  EXPECT_EQ(CutToWidth("abcdef", 5), "abc..");
  EXPECT_EQ(CutToWidth("\xC3\xA4\xC3\xA4\xC3\xA4", 3),
            "\xC3\xA4\xC3\xA4\xC3\xA4");
  EXPECT_EQ(CutToWidth("\xC3\xA4\xC3\xA4\xC3\xA4z", 3), "\xC3\xA4..");
  EXPECT_EQ(CutToWidth("abcdef", 0), "..");
}

TEST(TextTable, LetsNoCellSteerTheTerminal) {
  EXPECT_EQ(TextTable(kColumns, {{"a\x1b[2J\n", "\xff", "\x7f"}}, 0),
            "name    value  note\n"
            "a?[2J?      ?  ?\n");
}

}  // namespace
}  // namespace reprise
