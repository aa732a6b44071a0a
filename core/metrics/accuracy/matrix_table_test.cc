#include "core/metrics/accuracy/matrix_table.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

AccuracyMatrix TwoTasks() {
  AccuracyMatrix matrix(2);
  matrix.Set(0, 0, 0.9, 100);
  matrix.Set(1, 0, 0.8, 100);
  matrix.Set(1, 1, 0.7, 300);
  return matrix;
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(MatrixTableTest, HasRowsMeansAndMeasuresInWholeLines) {
  const std::string table = MatrixTable(TwoTasks(), /*width=*/0);
  EXPECT_EQ(table.back(), '\n');
  const std::vector<std::string> lines = Lines(table);
  ASSERT_THAT(lines, SizeIs(4 + 5));
  EXPECT_EQ(lines[1], "                  task 1   task 2        A        S");
  EXPECT_EQ(lines[2], "after task 1      0.9000            0.9000   0.9000");
  EXPECT_EQ(lines[3], "after task 2      0.8000   0.7000   0.7500   0.7250");
  EXPECT_THAT(lines[7], HasSubstr("forgetting                     0.1000  "));
}

TEST(MatrixTableTest, OneTaskAndUnknownEntriesHaveDashes) {
  const std::vector<std::string> lines =
      Lines(MatrixTable(AccuracyMatrix(1), /*width=*/0));
  EXPECT_EQ(lines[2], "after task 1           -        -        -");
  EXPECT_EQ(AccuracyText(std::nullopt), "-");
}

TEST(MatrixTableTest, WhatIsTooWideComesInBlocksOfWholeColumns) {
  struct Case {
    int width;
    size_t blocks;
  };
  for (const Case& c :
       {Case{1, 4}, {25, 4}, {33, 4}, {34, 2}, {51, 2}, {52, 1}, {80, 1}}) {
    const std::vector<std::string> lines =
        Lines(MatrixTable(TwoTasks(), c.width));
    EXPECT_THAT(lines, SizeIs(1 + 3 * c.blocks + 5)) << c.width;
    for (size_t i = 1; i < lines.size() - 5; ++i) {
      EXPECT_LT(lines[i].size(), static_cast<size_t>(std::max(c.width, 25)));
    }
  }
}

}  // namespace
}  // namespace reprise
