#include "core/base/utf8.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(FindInvalidUtf8, TakesEveryLengthAndItsLimits) {
  for (const uint32_t code_point : {0x1u, 0x7Fu, 0x80u, 0x7FFu, 0x800u, 0xD7FFu,
                                    0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    std::string text = "a";
    AppendUtf8(code_point, text);
    EXPECT_EQ(FindInvalidUtf8(text + "b"), absl::string_view::npos)
        << code_point;
    // Cut short.
    text.pop_back();
    EXPECT_EQ(FindInvalidUtf8(text),
              code_point < 0x80 ? absl::string_view::npos : 1)
        << code_point;
  }
}

TEST(FindInvalidUtf8, FindsTheFirstByteThatIsNotWellFormed) {
  EXPECT_EQ(FindInvalidUtf8(""), absl::string_view::npos);
  for (const absl::string_view bad :
       {absl::string_view("\0", 1), absl::string_view("\x80"),
        absl::string_view("\xC0\x80"), absl::string_view("\xE0\x80\x80"),
        absl::string_view("\xED\xA0\x80"),
        absl::string_view("\xF4\x90\x80\x80"),
        absl::string_view("\xF0\x80\x80\x80"), absl::string_view("\xFF")}) {
    const std::string text = "\xC3\xA9" + std::string(bad);
    EXPECT_EQ(FindInvalidUtf8(text), 2u) << Printable(bad);
  }
}

TEST(ReplaceInvalidUtf8, LeavesWhatIsWellFormedAndReplacesTheRestByteByByte) {
  EXPECT_EQ(ReplaceInvalidUtf8(""), "");
  EXPECT_EQ(ReplaceInvalidUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(ReplaceInvalidUtf8("\xE9\xFFz\xC3"),
            "\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD");
  EXPECT_EQ(ReplaceInvalidUtf8(absl::string_view("a\0b", 3)),
            "a\xEF\xBF\xBD"
            "b");
}

TEST(Printable, EscapesAllButPrintableAsciiAndQuotes) {
  EXPECT_EQ(Printable("it's \"x\""), "it's \"x\"");
  EXPECT_EQ(Printable("a\n\xC3\x7F"), "a\\n\\xc3\\x7f");
  EXPECT_EQ(Printable(std::string(60, 'x')), std::string(60, 'x'));
  EXPECT_EQ(Printable(std::string(61, 'x')), std::string(60, 'x') + "...");
}

}  // namespace
}  // namespace reprise
