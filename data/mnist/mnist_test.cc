#include "data/mnist/mnist.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/dataset.h"
#include "data/dataset_search.h"
#include "data/mnist/idx_writer.h"
#include "data/real_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

std::shared_ptr<const Dataset> Split(int64_t samples, int seed) {
  auto split = std::make_shared<Dataset>();
  split->format = MnistRowFormat();
  split->num_classes = 10;
  for (int64_t i = 0; i < samples; ++i) {
    split->labels.push_back(static_cast<int32_t>((i + seed) % 10));
    for (int p = 0; p < 784; ++p) {
      split->rows.push_back(static_cast<std::byte>(i * 7 + p * 3 + seed));
    }
  }
  return split;
}

class MnistTest : public ::testing::Test {
 protected:
  MnistTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    raw_ = folder_ + "/MNIST/raw";
    pair_.train = Split(20, 0);
    pair_.test = Split(10, 5);
  }

  void WriteRaw(bool compressed = false) {
    ASSERT_THAT(WriteMnist(folder_, pair_, compressed), IsOk());
  }

  void MakeFolders() {
    mkdir(folder_.c_str(), 0755);
    mkdir((folder_ + "/MNIST").c_str(), 0755);
  }

  std::string folder_, raw_;
  DatasetPair pair_;
};

// As 7-Zip, macOS and gzip -N unpack them.
TEST_F(MnistTest, ReadsFilesWithADotInTheirNames) {
  for (const bool compressed : {false, true}) {
    WriteRaw(compressed);
    for (const auto& entry : std::filesystem::directory_iterator(raw_)) {
      const std::string path = entry.path().string();
      std::filesystem::rename(path,
                              absl::StrReplaceAll(path, {{"-idx", ".idx"}}));
    }
    REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(folder_));
    EXPECT_EQ(read.train->labels, pair_.train->labels);
    EXPECT_EQ(FindDatasets(raw_, MnistEntries())->folder, raw_);
    std::filesystem::remove_all(raw_);
  }
}

TEST_F(MnistTest, SaysWhatLiesThereInstead) {
  MakeFolders();
  EXPECT_THAT(ReadMnist(folder_), FailsWith("found MNIST/; remedy: "));
  REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/mnist.npz", {"x"}));
  EXPECT_THAT(ReadMnist(folder_),
              FailsWith("found mnist.npz; remedy: only MNIST's four IDX files "
                        "are read: unpack"));
  WriteRaw();
  std::filesystem::rename(raw_, folder_ + "/other");
  std::filesystem::remove_all(folder_ + "/MNIST");
  EXPECT_THAT(ReadMnist(folder_), FailsWith("found other/train-images-idx3"));
}

TEST_F(MnistTest, OfACutFileTheWholePackedOneBesideItIsNamed) {
  WriteRaw(/*compressed=*/true);
  WriteRaw();
  const std::string images = raw_ + "/train-images-idx3-ubyte";
  std::filesystem::resize_file(images, 4000);
  EXPECT_THAT(
      ReadMnist(folder_),
      AllOf(FailsWith(images + ": offset 4000: expected 15680 bytes"),
            FailsWith("found 3984: it is truncated"),
            FailsWith("or remove it, so that train-images-idx3-ubyte.gz "
                      "beside it is read")));
  std::filesystem::remove(images);
  EXPECT_THAT(ReadMnist(folder_), IsOk());
}

TEST_F(MnistTest, ReadsBothSplits) {
  WriteRaw();
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(folder_));
  EXPECT_EQ(read.name, "mnist");
  EXPECT_EQ(read.source, raw_);
  EXPECT_FALSE(read.generated);
  EXPECT_EQ(read.train->labels, pair_.train->labels);
  EXPECT_EQ(read.train->rows, pair_.train->rows);
  EXPECT_EQ(read.test->labels, pair_.test->labels);
  EXPECT_EQ(read.test->rows, pair_.test->rows);
  EXPECT_EQ(read.train->num_classes, 10);
  EXPECT_EQ(read.train->format.row_bytes(), 784);
  EXPECT_EQ(read.digests.size(), 4u);
  EXPECT_THAT(read.digests.at("t10k-labels-idx1-ubyte"),
              ::testing::MatchesRegex("crc32:[0-9a-f]{8}"));
}

TEST_F(MnistTest, ReadsCompressedFilesAndTheFolderWithoutRaw) {
  WriteRaw(/*compressed=*/true);
  const std::string flat = folder_ + "_flat";
  mkdir(flat.c_str(), 0755);
  ASSERT_EQ(rename(raw_.c_str(), (flat + "/MNIST").c_str()), 0);
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(flat));
  EXPECT_EQ(read.source, flat + "/MNIST");
  EXPECT_EQ(read.train->rows, pair_.train->rows);
  EXPECT_TRUE(read.digests.count("train-images-idx3-ubyte.gz"));
}

TEST_F(MnistTest, IsFoundInItsOwnFolderToo) {
  for (const bool compressed : {false, true}) {
    WriteRaw(compressed);
    for (const std::string& given : {folder_, folder_ + "/MNIST", raw_}) {
      EXPECT_EQ(FindDatasets(given, MnistEntries())->folder, given);
      REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(given));
      EXPECT_EQ(read.source, raw_);
      EXPECT_EQ(read.train->rows, pair_.train->rows);
    }
    const DatasetPair read = *ReadMnist(raw_);
    for (const auto& [name, digest] : read.digests) {
      ASSERT_EQ(unlink(absl::StrCat(raw_, "/", name).c_str()), 0);
      // As long as any of them lies there.
      EXPECT_EQ(FindDatasets(raw_, MnistEntries())->folder.empty(),
                name == "train-labels-idx1-ubyte" ||
                    name == "train-labels-idx1-ubyte.gz");
    }
  }
}

TEST_F(MnistTest, PrefersTheUncompressedFileOfTheTwo) {
  WriteRaw(/*compressed=*/true);
  pair_.train = Split(20, 3);
  WriteRaw(/*compressed=*/false);
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair read, ReadMnist(folder_));
  EXPECT_EQ(read.train->rows, pair_.train->rows);
  EXPECT_FALSE(read.digests.count("train-images-idx3-ubyte.gz"));
}

TEST_F(MnistTest, WithoutAnyFileIsNotFoundSoThatAStandInMayBeChosen) {
  for (int made = 0; made < 2; ++made) {
    const auto result = ReadMnist(folder_);
    EXPECT_TRUE(absl::IsNotFound(result.status())) << result.status();
    EXPECT_THAT(result, ExitsWith(ExitCode::kData));
    EXPECT_THAT(result, FailsWith(folder_));
    MakeFolders();
  }
}

TEST_F(MnistTest, WithSomeFilesNamesTheMissingOne) {
  WriteRaw();
  ASSERT_EQ(unlink((raw_ + "/t10k-labels-idx1-ubyte").c_str()), 0);
  const auto result = ReadMnist(folder_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, ExitsWith(ExitCode::kData));
  EXPECT_THAT(result, FailsWith("/t10k-labels-idx1-ubyte[.gz]: expected all "
                                "four files of MNIST"));
  EXPECT_THAT(result, FailsWith("found 3; remedy: "));
}

TEST_F(MnistTest, ABrokenLinkIsAnErrorAndNotAnAbsentDataSet) {
  mkdir(folder_.c_str(), 0755);
  ASSERT_EQ(symlink("nowhere", (folder_ + "/MNIST").c_str()), 0);
  EXPECT_THAT(ReadMnist(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("/MNIST: expected a folder, found a symbolic "
                              "link whose target does not exist")));
  EXPECT_FALSE(absl::IsNotFound(ReadMnist(folder_).status()));

  ASSERT_EQ(unlink((folder_ + "/MNIST").c_str()), 0);
  WriteRaw();
  const std::string images = raw_ + "/train-images-idx3-ubyte";
  ASSERT_EQ(unlink(images.c_str()), 0);
  ASSERT_EQ(symlink("nowhere", images.c_str()), 0);
  EXPECT_THAT(ReadMnist(folder_),
              FailsWith(images + ": expected a readable file, found a symbolic "
                                 "link whose target does not exist"));
}

TEST_F(MnistTest, AFileInPlaceOfTheFolderIsAnError) {
  mkdir(folder_.c_str(), 0755);
  REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/MNIST", {"x"}));
  const auto result = ReadMnist(folder_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, ExitsWith(ExitCode::kData));
  EXPECT_THAT(result, FailsWith("Not a directory"));
}

TEST_F(MnistTest, NamesCountsThatDiffer) {
  WriteRaw();
  REPRISE_ASSERT_OK(WriteIdx(raw_ + "/t10k-labels-idx1-ubyte", {9},
                             std::vector<std::byte>(9)));
  EXPECT_THAT(ReadMnist(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(raw_ + "/t10k-images-idx3-ubyte: offset 4: "
                                     "expected as many images as "),
                    FailsWith("has labels, 9, found 10; remedy: ")));
}

TEST_F(MnistTest, NamesALabelAboveNine) {
  WriteRaw();
  std::vector<std::byte> labels(20);
  labels[13] = std::byte{10};
  REPRISE_ASSERT_OK(WriteIdx(raw_ + "/train-labels-idx1-ubyte", {20}, labels));
  EXPECT_THAT(ReadMnist(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(raw_ + "/train-labels-idx1-ubyte: offset 21: "
                                     "expected a label of 0 to 9, found 10; "
                                     "remedy: ")));
}

TEST_F(MnistTest, NamesImagesOfAnotherSize) {
  WriteRaw();
  REPRISE_ASSERT_OK(WriteIdx(raw_ + "/train-images-idx3-ubyte", {20, 32, 32},
                             std::vector<std::byte>(20 * 32 * 32)));
  EXPECT_THAT(ReadMnist(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith("offset 8: expected images of 28 x 28, found "
                              "32 x 32; remedy: ")));
}

TEST_F(MnistTest, NamesSwappedFiles) {
  WriteRaw();
  const std::string images = raw_ + "/train-images-idx3-ubyte";
  const std::string labels = raw_ + "/train-labels-idx1-ubyte";
  ASSERT_EQ(rename(images.c_str(), (raw_ + "/t").c_str()), 0);
  ASSERT_EQ(rename(labels.c_str(), images.c_str()), 0);
  ASSERT_EQ(rename((raw_ + "/t").c_str(), labels.c_str()), 0);
  EXPECT_THAT(ReadMnist(folder_),
              AllOf(ExitsWith(ExitCode::kData), FailsWith(labels),
                    FailsWith("exchange the swapped files")));
}

std::vector<int64_t> ClassCounts(const Dataset& split) {
  std::vector<int64_t> counts(10);
  for (const int32_t label : split.labels) ++counts[label];
  return counts;
}

TEST(RealMnist, HasThePublishedSizesAndClassCounts) {
  const std::optional<std::string> folder = FindRealData("MNIST");
  if (!folder.has_value()) GTEST_SKIP() << "no MNIST on this machine";
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair mnist, ReadMnist(*folder));
  EXPECT_EQ(mnist.train->size(), 60000);
  EXPECT_EQ(mnist.test->size(), 10000);
  EXPECT_THAT(
      ClassCounts(*mnist.train),
      ElementsAre(5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949));
  EXPECT_THAT(ClassCounts(*mnist.test), ElementsAre(980, 1135, 1032, 1010, 982,
                                                    892, 958, 1028, 974, 1009));
  // The first training image is a five: its label and the sum of its pixels.
  int64_t sum = 0;
  for (int p = 0; p < 784; ++p) {
    sum += std::to_integer<int>(mnist.train->At(0).row[p]);
  }
  EXPECT_EQ(mnist.train->labels[0], 5);
  EXPECT_EQ(sum, 27525);
}

}  // namespace
}  // namespace reprise
