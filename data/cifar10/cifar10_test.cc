#include "data/cifar10/cifar10.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/cifar10/cifar_batch.h"
#include "data/cifar10/cifar_pickle_writer.h"
#include "data/cifar10/cifar_writer.h"
#include "data/dataset.h"
#include "data/dataset_search.h"
#include "data/real_data.h"
#include "data/stored_file.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

std::shared_ptr<const Dataset> Split(int64_t samples, int seed) {
  auto split = std::make_shared<Dataset>();
  split->format = Cifar10RowFormat();
  split->num_classes = 10;
  for (int64_t i = 0; i < samples; ++i) {
    split->labels.push_back(static_cast<int32_t>((i + seed) % 10));
    for (int p = 0; p < 3072; ++p) {
      split->rows.push_back(static_cast<std::byte>(i * 7 + p * 3 + seed));
    }
  }
  return split;
}

class Cifar10Test : public ::testing::Test {
 protected:
  Cifar10Test() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    binary_ = folder_ + "/CIFAR10/cifar-10-batches-bin";
    python_ = folder_ + "/CIFAR10/cifar-10-batches-py";
    pair_.train = Split(12, 0);  // files of 2 and of 3 records
    pair_.test = Split(4, 5);
  }

  void WriteBinary() { ASSERT_THAT(WriteCifar10(folder_, pair_), IsOk()); }

  void WritePython() {
    ASSERT_THAT(MakeFolders(python_), IsOk());
    for (int64_t i = 0; i < 5; ++i) {
      WritePickle(absl::StrCat("data_batch_", i + 1), *pair_.train, i * 12 / 5,
                  (i + 1) * 12 / 5);
    }
    WritePickle("test_batch", *pair_.test, 0, 4);
  }

  void WritePickle(const std::string& name, const Dataset& split, int64_t first,
                   int64_t end) {
    const PickledBatch batch(
        {split.labels.begin() + first, split.labels.begin() + end},
        std::string(reinterpret_cast<const char*>(split.At(first).row),
                    (end - first) * 3072));
    ASSERT_THAT(ReplaceFile(python_ + "/" + name, {batch.Text()}), IsOk());
  }

  void Write(const std::string& path, const std::string& content) {
    ASSERT_THAT(ReplaceFile(path, {content}), IsOk());
  }

  void ExpectPair(const absl::StatusOr<DatasetPair>& read) {
    REPRISE_ASSERT_OK(read);
    EXPECT_EQ(read->train->labels, pair_.train->labels);
    EXPECT_EQ(read->train->rows, pair_.train->rows);
    EXPECT_EQ(read->test->labels, pair_.test->labels);
    EXPECT_EQ(read->test->rows, pair_.test->rows);
  }

  std::string folder_, binary_, python_;
  DatasetPair pair_;
};

TEST_F(Cifar10Test, ReadsTheBinaryLayout) {
  WriteBinary();
  const auto read = ReadCifar10(folder_);
  ExpectPair(read);
  EXPECT_EQ(read->name, "cifar10");
  EXPECT_EQ(read->source, binary_);
  EXPECT_FALSE(read->generated);
  EXPECT_EQ(read->train->num_classes, 10);
  EXPECT_EQ(read->train->format.row_bytes(), 3072);
  EXPECT_THAT(read->train->format.mean, ElementsAre(0.485, 0.456, 0.406));
  EXPECT_THAT(read->train->format.stddev, ElementsAre(0.229, 0.224, 0.225));
  EXPECT_EQ(read->digests.size(), 6u);
  EXPECT_THAT(read->digests.at("test_batch.bin"),
              ::testing::MatchesRegex("crc32:[0-9a-f]{8}"));
}

TEST_F(Cifar10Test, ReadsThePythonLayout) {
  WritePython();
  const auto read = ReadCifar10(folder_);
  ExpectPair(read);
  EXPECT_EQ(read->source, python_);
  EXPECT_TRUE(read->digests.count("data_batch_5"));
}

TEST_F(Cifar10Test, ReadsBothLayoutsWithoutTheFolderCifar10) {
  WriteBinary();
  WritePython();
  const std::string flat = folder_ + "_flat";
  ASSERT_EQ(rename((folder_ + "/CIFAR10").c_str(), flat.c_str()), 0);
  auto read = ReadCifar10(flat);
  ExpectPair(read);
  EXPECT_EQ(read->source, flat + "/cifar-10-batches-bin");
  ASSERT_EQ(rename((flat + "/cifar-10-batches-bin").c_str(),
                   (flat + "/elsewhere").c_str()),
            0);
  read = ReadCifar10(flat);
  ExpectPair(read);
  EXPECT_EQ(read->source, flat + "/cifar-10-batches-py");
}

TEST_F(Cifar10Test, IsFoundInItsOwnFoldersToo) {
  const std::string own = folder_ + "/CIFAR10";
  for (const bool is_binary : {false, true}) {
    is_binary ? WriteBinary() : WritePython();
    const std::string& batches = is_binary ? binary_ : python_;
    for (const std::string& given : {folder_, own, batches}) {
      EXPECT_EQ(FindDatasets(given, Cifar10Entries())->folder, given);
      const auto read = ReadCifar10(given);
      ExpectPair(read);
      EXPECT_EQ(read->source, batches);
    }
  }
  REPRISE_ASSERT_OK(MakeFolders(folder_ + "/none"));
  EXPECT_EQ(FindDatasets(folder_ + "/none", Cifar10Entries())->folder, "");
}

TEST_F(Cifar10Test, PrefersTheBinaryLayoutOfTheTwo) {
  WritePython();
  pair_.train = Split(12, 3);
  WriteBinary();
  ExpectPair(ReadCifar10(folder_));
}

TEST_F(Cifar10Test, WithoutAnyFileIsNotFoundSoThatAStandInMayBeChosen) {
  for (int made = 0; made < 2; ++made) {
    const auto result = ReadCifar10(folder_);
    EXPECT_TRUE(absl::IsNotFound(result.status())) << result.status();
    EXPECT_THAT(result, ExitsWith(ExitCode::kData));
    EXPECT_THAT(result, FailsWith(folder_));
    REPRISE_ASSERT_OK(MakeFolders(binary_));
  }
}

TEST_F(Cifar10Test, WithSomeFilesNamesTheMissingOne) {
  WriteBinary();
  WritePython();  // The binary layout counts all the same.
  ASSERT_EQ(unlink((binary_ + "/data_batch_3.bin").c_str()), 0);
  const auto result = ReadCifar10(folder_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result,
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(binary_ + "/data_batch_3.bin: expected all six "
                                        "files of CIFAR-10 in "),
                    FailsWith("found 5; remedy: ")));
}

TEST_F(Cifar10Test, ABrokenLinkIsAnErrorAndNotAnAbsentDataSet) {
  mkdir(folder_.c_str(), 0755);
  ASSERT_EQ(symlink("nowhere", (folder_ + "/CIFAR10").c_str()), 0);
  const auto result = ReadCifar10(folder_);
  EXPECT_FALSE(absl::IsNotFound(result.status()));
  EXPECT_THAT(result, FailsWith("/CIFAR10: expected a folder, found a symbolic "
                                "link whose target does not exist"));
}

TEST_F(Cifar10Test, NamesAFileThatIsNoMultipleOf3073Bytes) {
  WriteBinary();
  const std::string path = binary_ + "/data_batch_2.bin";
  const std::string content = ReadWholeFile(path).value();
  Write(path, content.substr(0, content.size() - 1));
  EXPECT_THAT(
      ReadCifar10(folder_),
      AllOf(ExitsWith(ExitCode::kData),
            FailsWith(absl::StrCat(
                path, ": offset ", content.size() - 3073,
                ": expected one or more records of 3073 bytes, found 3072 "
                "bytes before the end of the file; remedy: "))));
  Write(path, content + "x");
  EXPECT_THAT(ReadCifar10(folder_),
              FailsWith("found 1 bytes before the end of the file"));
  Write(path, "");
  EXPECT_THAT(ReadCifar10(folder_),
              FailsWith(path + ": offset 0: expected one or more records of "
                               "3073 bytes, found an empty file"));
}

TEST_F(Cifar10Test, NamesALabelAboveNine) {
  WriteBinary();
  const std::string path = binary_ + "/test_batch.bin";
  std::string content = ReadWholeFile(path).value();
  content[2 * 3073] = 10;
  Write(path, content);
  EXPECT_THAT(ReadCifar10(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(path + ": offset 6146: expected a label of 0 to "
                                     "9, found 10; remedy: ")));
}

TEST_F(Cifar10Test, NamesAPickleThatWouldRunCode) {
  WritePython();
  const std::string path = python_ + "/data_batch_4";
  Write(path,
        "\x80\x02"
        "cos\nsystem\nU\x02ls\x85R.");
  EXPECT_THAT(ReadCifar10(folder_),
              AllOf(ExitsWith(ExitCode::kData),
                    FailsWith(path + ": offset 2: expected no global but "),
                    FailsWith("found os.system; remedy: do not load")));
}

TEST_F(Cifar10Test, NamesAFolderInPlaceOfAFile) {
  WriteBinary();
  const std::string path = binary_ + "/data_batch_1.bin";
  ASSERT_EQ(unlink(path.c_str()), 0);
  ASSERT_EQ(mkdir(path.c_str(), 0755), 0);
  EXPECT_THAT(ReadCifar10(folder_),
              FailsWith(path + ": expected a file, found a folder"));
}

// Whatever one byte becomes: an error, or records of the same number.
TEST(CifarBinary, SurvivesEveryFlippedByteAndEveryTruncation) {
  std::string original;
  for (int i = 0; i < 2 * 3073; ++i) {
    original.push_back(static_cast<char>(i % 3073 == 0 ? 9 : i));
  }
  for (size_t at = 0; at < original.size(); ++at) {
    for (const int flip : {0x01, 0x80, 0xFF}) {
      std::string content = original;
      content[at] = static_cast<char>(content[at] ^ flip);
      const auto result = ParseCifarBinary(content, "batch");
      if (result.ok()) {
        EXPECT_EQ(result->labels.size(), 2u);
      } else {
        EXPECT_EQ(at % 3073, 0u);
        EXPECT_THAT(result, ExitsWith(ExitCode::kData));
      }
    }
    EXPECT_EQ(ParseCifarBinary(original.substr(0, at), "batch").ok(),
              at == 3073);
  }
}

std::vector<int64_t> ClassCounts(const Dataset& split) {
  std::vector<int64_t> counts(10);
  for (const int32_t label : split.labels) ++counts[label];
  return counts;
}

TEST(RealCifar10, HasThePublishedSizesAndClassCounts) {
  std::optional<std::string> folder =
      FindRealData("CIFAR10/cifar-10-batches-bin");
  if (!folder.has_value()) folder = FindRealData("CIFAR10/cifar-10-batches-py");
  if (!folder.has_value()) GTEST_SKIP() << "no CIFAR-10 on this machine";
  REPRISE_ASSERT_OK_AND_ASSIGN(const DatasetPair cifar10, ReadCifar10(*folder));
  EXPECT_EQ(cifar10.train->size(), 50000);
  EXPECT_EQ(cifar10.test->size(), 10000);
  EXPECT_THAT(ClassCounts(*cifar10.train), ::testing::Each(5000));
  EXPECT_THAT(ClassCounts(*cifar10.test), ::testing::Each(1000));
}

}  // namespace
}  // namespace reprise
