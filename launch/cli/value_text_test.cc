#include "launch/cli/value_text.h"

#include <cmath>
#include <limits>
#include <string>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(ValueText, BoolsAreFourPairsOfWordsInAnyCase) {
  for (const char* yes : {"true", "Yes", "ON", "1"}) {
    EXPECT_TRUE(*ParseBool(yes)) << yes;
  }
  for (const char* no : {"False", "no", "off", "0"}) {
    EXPECT_FALSE(*ParseBool(no)) << no;
  }
  EXPECT_THAT(ParseBool(""), FailsWith("expected true or false, found ''"));
  EXPECT_THAT(ParseBool("yes "), ExitsWith(ExitCode::kUsage));
}

TEST(ValueText, IntegersLieInTheirRange) {
  EXPECT_EQ(*ParseInteger("-3", {}), -3);
  EXPECT_EQ(*ParseUnsigned("18446744073709551615", {}),
            std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(*ParseInteger("5", {1, 5}), 5);
  EXPECT_THAT(ParseInteger("6", {1, 5}),
              FailsWith("expected an integer from 1 to 5, found '6'"));
  EXPECT_THAT(ParseInteger("0", {1}),
              FailsWith("expected an integer from 1, found '0'"));
  EXPECT_THAT(ParseUnsigned("-1", {}),
              FailsWith("expected an integer from 0, found '-1'"));
  for (const char* text : {"", "1.5", "1e3", " 1", "9223372036854775808"}) {
    EXPECT_THAT(ParseInteger(text, {}), FailsWith("expected an integer"))
        << text;
  }
}

TEST(ValueText, NumbersAreFiniteAndBelowTheirUpperBound) {
  EXPECT_EQ(*ParseNumber("1e-4", {0}), 1e-4);
  EXPECT_FALSE(std::signbit(*ParseNumber("-0", {0})));
  EXPECT_EQ(*ParseNumber("0.999", {0, 1}), 0.999);
  EXPECT_THAT(ParseNumber("1", {0, 1}),
              FailsWith("expected a number from 0 below 1, found '1'"));
  EXPECT_THAT(ParseNumber("-1", {0}),
              FailsWith("expected a number from 0, found '-1'"));
  for (const char* text : {"", "x", "inf", "nan", "1e400", "1 "}) {
    EXPECT_THAT(ParseNumber(text, {0}), FailsWith("expected a number, found"))
        << text;
  }
}

TEST(ValueText, ChoicesAreTakenInAnyCaseAndSpelledAsListed) {
  EXPECT_EQ(*ParseChoice("sgd", {"SGD", "Adam"}), "SGD");
  EXPECT_THAT(ParseChoice("mnits", {"mnist", "SGD"}),
              FailsWith("expected one of mnist, SGD, found 'mnits'; did you "
                        "mean mnist?"));
}

}  // namespace
}  // namespace reprise
