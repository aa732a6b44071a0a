#include "data/candle/candle.h"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/candle/max_abs.h"
#include "data/dataset.h"
#include "data/dataset_search.h"
#include "data/real_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CandleTest : public ::testing::Test {
 protected:
  CandleTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_ + "/CANDLE");
    train_ = folder_ + "/CANDLE/nt_train2.csv";
    test_ = folder_ + "/CANDLE/nt_test2.csv";
    options_.features = 3;
  }

  void WriteBoth() {
    EXPECT_THAT(ReplaceFile(train_, {"0,1,-4,0\n1,2,3,0\n"}), IsOk());
    EXPECT_THAT(ReplaceFile(test_, {"1,-8,1,0.25\n"}), IsOk());
  }

  std::string folder_, train_, test_;
  CandleOptions options_;
  std::vector<std::string> warnings_;
};

std::vector<float> RowOf(const Dataset& dataset, int64_t index) {
  std::vector<float> row(dataset.format.elements());
  std::memcpy(row.data(), dataset.At(index).row, row.size() * sizeof(float));
  return row;
}

TEST_F(CandleTest, ReadsBothSplitsParsedAndFromTheCache) {
  WriteBoth();
  for (int run = 0; run < 2; ++run) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair pair,
                                 ReadCandle(folder_, options_, &warnings_));
    EXPECT_EQ(pair.name, "candle");
    EXPECT_EQ(pair.source, folder_ + "/CANDLE");
    EXPECT_FALSE(pair.generated);
    EXPECT_EQ(pair.digests.size(), 2u);
    EXPECT_THAT(pair.digests.at("nt_test2.csv"),
                ::testing::MatchesRegex("xxh3:[0-9a-f]{16}"));
    EXPECT_THAT(warnings_, IsEmpty());
    ASSERT_EQ(pair.train->size(), 2);
    ASSERT_EQ(pair.test->size(), 1);
    for (const Dataset* split : {pair.train.get(), pair.test.get()}) {
      EXPECT_EQ(split->num_classes, 2);
      EXPECT_EQ(split->format.element, DType::kFloat32);
      EXPECT_EQ(split->format.channels, 1);
      EXPECT_EQ(split->format.height, 1);
      EXPECT_EQ(split->format.width, 3);
      // Of the training set alone; the last column is zero there.
      EXPECT_THAT(split->format.element_scale, ElementsAre(0.5f, 0.25f, 1.0f));
    }
    EXPECT_THAT(RowOf(*pair.train, 0), ElementsAre(1.0f, -4.0f, 0.0f));
    EXPECT_THAT(RowOf(*pair.train, 1), ElementsAre(2.0f, 3.0f, 0.0f));
    EXPECT_THAT(RowOf(*pair.test, 0), ElementsAre(-8.0f, 1.0f, 0.25f));
    EXPECT_EQ(pair.train->At(1).label, 1);
    EXPECT_EQ(pair.test->At(0).label, 1);
  }
}

TEST_F(CandleTest, IsFoundInItsOwnFolderToo) {
  const std::string own = folder_ + "/CANDLE";
  EXPECT_EQ(FindDatasets(own, CandleEntries())->folder, "");
  WriteBoth();
  for (const std::string& given : {folder_, own}) {
    EXPECT_EQ(FindDatasets(given, CandleEntries())->folder, given);
    REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair pair,
                                 ReadCandle(given, options_, &warnings_));
    EXPECT_EQ(pair.source, own);
    EXPECT_EQ(pair.train->size(), 2);
  }
}

TEST_F(CandleTest, ScalesOnTheTestRowsTooOnlyWhereAskedTo) {
  WriteBoth();
  options_.scale_on_test_too = true;
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair pair,
                               ReadCandle(folder_, options_, &warnings_));
  EXPECT_THAT(pair.train->format.element_scale,
              ElementsAre(0.125f, 0.25f, 4.0f));
  EXPECT_EQ(pair.test->format.element_scale, pair.train->format.element_scale);
}

TEST_F(CandleTest, WithoutAnyFileIsNotFoundSoThatAStandInMayBeChosen) {
  for (int round = 0; round < 2; ++round) {
    const auto result = ReadCandle(folder_, options_, &warnings_);
    EXPECT_TRUE(absl::IsNotFound(result.status())) << result.status();
    EXPECT_THAT(result, AllOf(ExitsWith(ExitCode::kData), FailsWith(folder_),
                              FailsWith("; remedy: ")));
    fs::remove_all(folder_);
  }
}

TEST_F(CandleTest, NamesTheMissingOneOfTheTwoFiles) {
  WriteBoth();
  fs::remove(test_);
  const auto result = ReadCandle(folder_, options_, &warnings_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, AllOf(ExitsWith(ExitCode::kData),
                            FailsWith(test_ + ": expected both files")));
}

TEST_F(CandleTest, TestRowsOfAnotherWidthThanTheTrainingRowsAreRefused) {
  WriteBoth();
  REPRISE_ASSERT_OK(ReplaceFile(test_, {"1,-8,1\n"}));
  EXPECT_THAT(ReadCandle(folder_, options_, &warnings_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(test_ + ": row 1, column 4")));
  REPRISE_ASSERT_OK(ReplaceFile(test_, {"1,-8,1,2,3\n"}));
  EXPECT_THAT(ReadCandle(folder_, options_, &warnings_),
              FailsWith(test_ + ": row 1, column 5"));
}

TEST_F(CandleTest, ABrokenLinkIsAnErrorAndNotAnAbsentDataSet) {
  fs::remove(folder_ + "/CANDLE");
  fs::create_symlink("nowhere", folder_ + "/CANDLE");
  auto result = ReadCandle(folder_, options_, &warnings_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, FailsWith("/CANDLE: expected a folder, found a symbolic "
                                "link whose target does not exist"));
  fs::remove(folder_ + "/CANDLE");
  fs::create_directory(folder_ + "/CANDLE");
  WriteBoth();
  fs::remove(train_);
  fs::create_symlink("nowhere", train_);
  result = ReadCandle(folder_, options_, &warnings_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, AllOf(ExitsWith(ExitCode::kData), FailsWith(train_),
                            FailsWith("whose target does not exist")));
}

TEST(MaxAbs, IsTheLargestMagnitudeOfEachFeature) {
  const std::vector<float> rows = {1, -0.0f, -3, 2, 0, 1};
  EXPECT_THAT(MaxAbsOf(rows.data(), 2, 3), ElementsAre(2.0f, 0.0f, 3.0f));
  const float subnormal = std::numeric_limits<float>::denorm_min();
  EXPECT_THAT(
      ScaleOfMaxAbs({2, 0, 4, subnormal}),
      ElementsAre(0.5f, 1.0f, 0.25f, std::numeric_limits<float>::max()));
}

TEST(RealCandle, HasThePublishedSizes) {
  const std::optional<std::string> folder = FindRealData("CANDLE");
  if (!folder.has_value()) GTEST_SKIP() << "no CANDLE NT3 on this machine";
  std::vector<std::string> warnings;
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair pair,
                               ReadCandle(*folder, CandleOptions(), &warnings));
  EXPECT_EQ(pair.train->size(), 1120);
  EXPECT_EQ(pair.test->size(), 280);
  EXPECT_EQ(pair.train->format.width, 60483);
}

}  // namespace
}  // namespace reprise
