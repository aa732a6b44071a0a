// Every data set, generated, written and read back, and the real one where
// there is one, against data/dataset.h.
#include <cmath>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/dataset.h"
#include "data/generated_mark.h"
#include "data/real_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/conformance/dataset/dataset_cases.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;
using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string BytesOf(const Dataset& split) {
  const auto* first = reinterpret_cast<const char*>(split.At(0).row);
  return std::string(first, split.size() * split.format.row_bytes());
}

void ExpectSameSplit(const Dataset& a, const Dataset& b) {
  EXPECT_EQ(a.labels, b.labels);
  EXPECT_TRUE(BytesOf(a) == BytesOf(b));
  EXPECT_EQ(a.format.mean, b.format.mean);
  EXPECT_EQ(a.format.stddev, b.format.stddev);
  EXPECT_EQ(a.format.element_scale, b.format.element_scale);
}

// A format by which each row becomes finite input of a network.
void ExpectUsable(const RowFormat& format) {
  const auto is_finite = [](auto values) {
    for (const auto value : values) EXPECT_TRUE(std::isfinite(value));
  };
  is_finite(format.mean);
  is_finite(format.element_scale);
  if (format.element == DType::kUint8) {
    EXPECT_GT(format.scale, 0);
    EXPECT_EQ(format.mean.size(), static_cast<size_t>(format.channels));
    EXPECT_EQ(format.stddev.size(), static_cast<size_t>(format.channels));
    EXPECT_THAT(format.stddev, Each(Gt(0)));
  } else if (!format.element_scale.empty()) {
    EXPECT_EQ(format.element_scale.size(),
              static_cast<size_t>(format.elements()));
  }
}

// What holds of any pair, whatever its size and origin; `classes` in both
// splits.
void ExpectWellFormed(const DatasetPair& pair, const DatasetCase& row) {
  EXPECT_EQ(pair.name, row.name);
  EXPECT_THAT(pair.source, Not(IsEmpty()));
  for (const Dataset* split : {pair.train.get(), pair.test.get()}) {
    ASSERT_NE(split, nullptr);
    ASSERT_GT(split->size(), 0);
    EXPECT_EQ(split->num_classes, row.num_classes);
    EXPECT_EQ(split->format.element, row.element);
    EXPECT_EQ(split->format.elements() * (row.element == DType::kUint8 ? 1 : 4),
              split->format.row_bytes());
    if (split->mapped_rows == nullptr) {
      EXPECT_EQ(split->rows.size(),
                static_cast<size_t>(split->size() * split->format.row_bytes()));
    } else {
      EXPECT_THAT(split->rows, IsEmpty());
    }
    std::vector<int64_t> counts(row.num_classes);
    for (const int32_t label : split->labels) {
      ASSERT_GE(label, 0);
      ASSERT_LT(label, row.num_classes);
      ++counts[label];
    }
    EXPECT_THAT(counts, Each(Gt(0))) << "samples by class";
    for (const int64_t i : {int64_t{0}, split->size() - 1}) {
      const Sample sample = split->At(i);
      EXPECT_EQ(sample.id, i);
      EXPECT_EQ(sample.label, split->labels[i]);
      EXPECT_EQ(sample.row - split->At(0).row, i * split->format.row_bytes());
    }
    ExpectUsable(split->format);
  }
  EXPECT_EQ(pair.train->format.row_bytes(), pair.test->format.row_bytes());
  EXPECT_EQ(pair.train->format.element_scale, pair.test->format.element_scale);
}

class DatasetConformance : public ::testing::TestWithParam<DatasetCase> {
 protected:
  DatasetConformance()
      : folder_(absl::StrCat(::testing::TempDir(), "/", GetParam().name)) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  DatasetPair WrittenAndRead(const DatasetPair& pair) const {
    REPRISE_EXPECT_OK(GetParam().write(folder_, pair));
    auto read = GetParam().read(folder_);
    EXPECT_THAT(read, IsOk());
    return *std::move(read);
  }

  const std::string folder_;
};

TEST_P(DatasetConformance, TheStandInHasTheShapeOfTheRealOneAndSaysWhatItIs) {
  const DatasetPair pair = GetParam().generate(42);
  ExpectWellFormed(pair, GetParam());
  EXPECT_TRUE(pair.generated);
  for (const Dataset* split : {pair.train.get(), pair.test.get()}) {
    EXPECT_EQ((std::vector<int64_t>{split->format.channels,
                                    split->format.height, split->format.width}),
              GetParam().shape);
  }
}

TEST_P(DatasetConformance, TheStandInIsAFunctionOfItsSeed) {
  const DatasetPair once = GetParam().generate(42);
  const DatasetPair again = GetParam().generate(42);
  const DatasetPair other = GetParam().generate(43);
  ExpectSameSplit(*once.train, *again.train);
  ExpectSameSplit(*once.test, *again.test);
  EXPECT_FALSE(BytesOf(*once.train) == BytesOf(*other.train));
  EXPECT_FALSE(BytesOf(*once.test) == BytesOf(*other.test));
  EXPECT_EQ(once.digests, again.digests);
}

TEST_P(DatasetConformance, WhatIsWrittenReadsBackTheSame) {
  const DatasetPair pair = GetParam().generate(42);
  const DatasetPair read = WrittenAndRead(pair);
  ExpectWellFormed(read, GetParam());
  ExpectSameSplit(*pair.train, *read.train);
  ExpectSameSplit(*pair.test, *read.test);
  EXPECT_THAT(read.source, HasSubstr(folder_));
}

TEST_P(DatasetConformance, DigestsTellEqualFilesFromOthers) {
  const DatasetPair read = WrittenAndRead(GetParam().generate(42));
  EXPECT_THAT(read.digests, Not(IsEmpty()));
  for (const auto& [file, digest] : read.digests) {
    EXPECT_THAT(digest, Not(IsEmpty())) << file;
    EXPECT_TRUE(fs::exists(absl::StrCat(folder_, "/", GetParam().folder, "/",
                                        fs::path(file).filename().string())))
        << file;
  }
  const auto again = GetParam().read(folder_);
  REPRISE_ASSERT_OK(again.status());
  EXPECT_EQ(again->digests, read.digests);
  const DatasetPair other = WrittenAndRead(GetParam().generate(43));
  EXPECT_EQ(other.digests.size(), read.digests.size());
  EXPECT_NE(other.digests, read.digests);
}

TEST_P(DatasetConformance, OnlyMarkedFilesAreGeneratedData) {
  const DatasetPair pair = GetParam().generate(42);
  EXPECT_FALSE(WrittenAndRead(pair).generated);
  REPRISE_ASSERT_OK(MarkAsGenerated(
      absl::StrCat(folder_, "/", GetParam().folder), "made by a test"));
  const auto marked = GetParam().read(folder_);
  REPRISE_ASSERT_OK(marked.status());
  EXPECT_TRUE(marked->generated);
  EXPECT_THAT(marked->source, HasSubstr("made by a test"));
}

TEST_P(DatasetConformance, NoneIsNotFoundAndHalfOfOneIsAnError) {
  const auto none = GetParam().read(folder_);
  EXPECT_TRUE(absl::IsNotFound(none.status())) << none.status();
  EXPECT_THAT(none, ExitsWith(ExitCode::kData));
  const DatasetPair read = WrittenAndRead(GetParam().generate(42));
  fs::remove(
      absl::StrCat(folder_, "/", GetParam().folder, "/",
                   fs::path(read.digests.begin()->first).filename().string()));
  const auto half = GetParam().read(folder_);
  EXPECT_FALSE(absl::IsNotFound(half.status()));
  EXPECT_THAT(half, ExitsWith(ExitCode::kData));
  EXPECT_THAT(
      half,
      FailsWith(fs::path(read.digests.begin()->first).filename().string()));
}

TEST_P(DatasetConformance, TheRealOneIsWellFormed) {
  const std::optional<std::string> datasets = FindRealData(GetParam().entry);
  if (!datasets.has_value()) GTEST_SKIP() << "no " << GetParam().entry;
  const auto pair = GetParam().read_real(*datasets);
  if (absl::IsNotFound(pair.status())) {
    GTEST_SKIP() << pair.status().message();
  }
  REPRISE_ASSERT_OK(pair.status());
  ExpectWellFormed(*pair, GetParam());
  EXPECT_THAT(pair->digests, Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(Datasets, DatasetConformance,
                         ::testing::ValuesIn(DatasetCases()),
                         [](const ::testing::TestParamInfo<DatasetCase>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace reprise
