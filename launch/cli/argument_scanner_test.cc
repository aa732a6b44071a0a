#include "launch/cli/argument_scanner.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/cli/flag_names.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const FlagNames& Names() {
  static const auto& names = *new FlagNames({{"width", {"w"}, "N"},
                                             {"wide", {}, "", true},
                                             {"no-frame", {}, "", true},
                                             {"help", {}, "", true, false}});
  return names;
}

ScannedArguments Scan(const std::vector<std::string>& arguments) {
  return ScanArguments(arguments, Names(), {"run", {"data"}, {"bench"}});
}

std::vector<std::string> Flags(const std::vector<std::string>& arguments) {
  const ScannedArguments scanned = Scan(arguments);
  EXPECT_THAT(scanned.problems, IsEmpty());
  std::vector<std::string> flags;
  for (const ScannedFlag& flag : scanned.flags) {
    flags.push_back(
        absl::StrCat(flag.flag->name, " ", flag.written, " ", flag.text));
  }
  return flags;
}

std::vector<std::string> Problems(const std::vector<std::string>& arguments) {
  return Scan(arguments).problems;
}

TEST(ArgumentScanner, TakesValuesBehindEqualsSignsAndSpaces) {
  EXPECT_THAT(Flags({}), IsEmpty());
  EXPECT_THAT(Flags({"run"}), IsEmpty());
  EXPECT_THAT(Flags({"--width=a=b", "--wide"}),
              ElementsAre("width --width a=b", "wide --wide true"));
  EXPECT_THAT(Flags({"--w", "-1"}), ElementsAre("width --w -1"));
  EXPECT_THAT(Flags({"--width="}), ElementsAre("width --width "));
  EXPECT_THAT(Flags({"--width", ""}), ElementsAre("width --width "));
}

TEST(ArgumentScanner, TakesBoolsBack) {
  EXPECT_THAT(Flags({"--no-wide"}), ElementsAre("wide --no-wide false"));
  EXPECT_THAT(Flags({"--nowide=no"}), ElementsAre("wide --nowide true"));
  EXPECT_THAT(Flags({"--frame"}), ElementsAre("no-frame --frame false"));
  EXPECT_THAT(Flags({"--no_frame"}), ElementsAre("no-frame --no_frame true"));
  // Of what is no bool's value the user's own text is told.
  EXPECT_THAT(Flags({"--no-wide=x"}), ElementsAre("wide --no-wide x"));
}

TEST(ArgumentScanner, NamesMistakesInTheirOrder) {
  EXPECT_THAT(
      Problems({"--widht", "3", "--width", "--wide", "yes", "-w", "--", "x",
                "--no-width", "--no-help", "--wide"}),
      ElementsAre("--widht: unknown flag; did you mean --width?",
                  "--width: expected a value (N)",
                  "'yes': expected nothing after --wide; write --wide=yes",
                  "-w: flags begin with two hyphens",
                  "--: only \"bazel run\" needs it; leave it out here",
                  "'x': expected a flag",
                  "--no-width: unknown flag; did you mean --width?",
                  "--no-help: unknown flag; did you mean --help?",
                  "--wide: given twice"));
  EXPECT_THAT(Problems({"--width=1", "--w", "2"}),
              ElementsAre("--w: given twice, first as --width"));
  EXPECT_THAT(Problems({"--width", "\xFF", "--w=\xFF"}),
              ElementsAre("--width: '\\xff' is not UTF-8",
                          "argument 3 '--w=\\xff' is not UTF-8"));
}

TEST(ArgumentScanner, KnowsTheVerbs) {
  EXPECT_THAT(Problems({"bench"}),
              ElementsAre("bench: not built yet; the verbs are run and data "
                          "(to come: bench)"));
  EXPECT_THAT(Problems({"rum"}),
              ElementsAre("'rum': unknown verb; there are run and data; did "
                          "you mean run?"));
  EXPECT_THAT(Problems({"--wide=1", "run"}),
              ElementsAre("'run': expected a flag"));
}

}  // namespace
}  // namespace reprise
