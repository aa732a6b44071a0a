#include "core/metrics/record_fields.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;

// One line of the table in docs/METRICS.md.
std::string Row(absl::string_view kind, const RecordField& field) {
  return absl::StrCat("| ", kind, " | `", field.is_timed ? "timing." : "",
                      field.name, "` | ", field.unit, " | ", field.meaning,
                      " |\n");
}

std::string Table() {
  std::string table =
      "| record | field | unit | meaning |\n|---|---|---|---|\n";
  for (const RecordField& field :
       {kSchemaField, kRecordField, kRunField, kUnixSecondsField}) {
    table += Row("each", field);
  }
  ForEachKind([&](const auto& record) {
    const std::string kind = absl::StrCat("`", RecordKind(record), "`");
    ForEachField(record, [&](const RecordField& field, const auto&) {
      table += Row(kind, field);
    });
  });
  return table;
}

TEST(RecordFieldsTest, TheTableInTheDocumentIsTheSchema) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string document,
                               ReadWholeFile("docs/METRICS.md"));
  const size_t begin = document.find("| record | field | unit | meaning |");
  ASSERT_NE(begin, std::string::npos);
  const size_t end = document.find("\n\n", begin);
  EXPECT_EQ(document.substr(begin, end + 1 - begin), Table());
}

TEST(RecordFieldsTest, EachNameStandsOnceInARecordAndIsOneWord) {
  ForEachKind([](const auto& record) {
    std::set<std::string> names = {"schema", "record", "run", "timing",
                                   "unix_seconds"};
    ForEachField(record, [&](const RecordField& field, const auto&) {
      EXPECT_TRUE(names.insert(field.name).second) << field.name;
      EXPECT_EQ(std::string(field.name)
                    .find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789"),
                std::string::npos)
          << field.name;
      EXPECT_STRNE(field.meaning, "") << field.name;
    });
  });
}

TEST(RecordFieldsTest, UnitsAreFewAndSecondsDependOnTheClock) {
  const std::set<std::string> units = {
      "",      "seconds", "ratio", "index",   "ranks",
      "tasks", "epochs",  "steps", "samples", "samples/second"};
  ForEachKind([&](const auto& record) {
    ForEachField(record, [&](const RecordField& field, const auto&) {
      EXPECT_EQ(units.count(field.unit), 1u) << field.name;
      if (std::string(field.unit).find("second") != std::string::npos) {
        EXPECT_TRUE(field.is_timed) << field.name;
      }
    });
  });
}

TEST(RecordFieldsTest, PhasesComeInTheirOrder) {
  PhaseSeconds seconds{};
  seconds[static_cast<int>(Phase::kBackward)] = 3;
  std::string text;
  ForEachPhase(seconds, [&](const char* name, double value) {
    absl::StrAppend(&text, name, " ", value, ", ");
  });
  EXPECT_THAT(text, HasSubstr("forward 0, backward 3, reduction_wait 0, "));
}

}  // namespace
}  // namespace reprise
