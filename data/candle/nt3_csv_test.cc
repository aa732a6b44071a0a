#include "data/candle/nt3_csv.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "core/base/file.h"
#include "core/base/philox.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/candle/nt3_fields.h"
#include "data/dataset.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;

std::vector<Nt3Kernel> Kernels() {
  std::vector<Nt3Kernel> kernels;
  for (const Nt3Kernel kernel :
       {Nt3Kernel::kPortable, Nt3Kernel::kAvx2, Nt3Kernel::kAvx512}) {
    if (HasNt3Kernel(kernel)) kernels.push_back(kernel);
  }
  return kernels;
}

// Everything that must not change a result: every kernel, fields cut by the
// ends of blocks everywhere, and threads.
std::vector<Nt3CsvOptions> WaysToRead(int64_t features) {
  std::vector<Nt3CsvOptions> ways;
  for (const Nt3Kernel kernel : Kernels()) {
    for (const int64_t block_bytes : {4, 7, 64, 1000, 1 << 20}) {
      for (const int threads : {1, 2, 5}) {
        Nt3CsvOptions options;
        options.features = features;
        options.threads = threads;
        options.kernel = kernel;
        options.block_bytes = block_bytes;
        ways.push_back(options);
      }
    }
  }
  return ways;
}

std::string NameOf(const Nt3CsvOptions& options) {
  return absl::StrCat("kernel ", static_cast<int>(options.kernel),
                      ", blocks of ", options.block_bytes, ", threads ",
                      options.threads);
}

std::vector<float> ValuesOf(const Nt3Rows& rows) {
  std::vector<float> values(rows.labels.size() * rows.features);
  std::memcpy(values.data(), rows.rows.get(), values.size() * sizeof(float));
  return values;
}

std::vector<uint32_t> BitsOf(const std::vector<float>& values) {
  std::vector<uint32_t> bits(values.size());
  std::memcpy(bits.data(), values.data(), values.size() * sizeof(float));
  return bits;
}

Nt3Rows MustRead(const std::string& text, int64_t features) {
  Nt3CsvOptions options;
  options.features = features;
  absl::StatusOr<Nt3Rows> rows = ReadNt3Text(text, "text", options);
  EXPECT_THAT(rows, IsOk());
  return rows.ok() ? *std::move(rows) : Nt3Rows();
}

TEST(Nt3Csv, ReadsLabelsAndNumbers) {
  const Nt3Rows rows = MustRead(
      "0,1.5,-2,3e2\n1,0.0,.25,7\n1.0,4,5,6\n0.0,1,2,3\n1e0,0,0,0\n", 3);
  EXPECT_THAT(rows.labels, ElementsAre(0, 1, 1, 0, 1));
  EXPECT_THAT(ValuesOf(rows),
              ElementsAre(1.5f, -2.0f, 300.0f, 0.0f, 0.25f, 7.0f, 4.0f, 5.0f,
                          6.0f, 1.0f, 2.0f, 3.0f, 0.0f, 0.0f, 0.0f));
  EXPECT_EQ(rows.features, 3);
}

TEST(Nt3Csv, LineEndsLastNewlineAndByteOrderMarkChangeNothing) {
  const std::string plain = "0,1.5,2.5\n1,3.5,4.5\n0,5.5,6.5\n";
  const std::vector<float> expected = ValuesOf(MustRead(plain, 2));
  const std::string crlf = absl::StrReplaceAll(plain, {{"\n", "\r\n"}});
  for (const std::string& text :
       {plain, crlf, plain.substr(0, plain.size() - 1),
        crlf.substr(0, crlf.size() - 2), crlf.substr(0, crlf.size() - 1),
        "\xEF\xBB\xBF" + plain, "\xEF\xBB\xBF" + crlf}) {
    for (const Nt3CsvOptions& options : WaysToRead(2)) {
      REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                   ReadNt3Text(text, "text", options));
      EXPECT_EQ(ValuesOf(rows), expected) << NameOf(options);
      EXPECT_THAT(rows.labels, ElementsAre(0, 1, 0)) << NameOf(options);
    }
  }
}

// A number in a form that some file might use.
std::string RandomNumber(PhiloxStream* stream) {
  std::string text = absl::StrCat(stream->NextWord64());
  switch (stream->NextBelow(16)) {
    case 0:
      return "0.0";
    case 1:  // as numpy's %.18e
      return absl::StrCat(text.substr(0, 1), ".", text.substr(1, 18), "e",
                          static_cast<int>(stream->NextBelow(60)) - 40);
    case 2:  // whole, up to 16 digits
      return text.substr(0, 1 + stream->NextBelow(16));
    default:
      break;
  }
  text.resize(std::min<size_t>(text.size(), 1 + stream->NextBelow(18)));
  text.insert(stream->NextBelow(text.size() + 1), ".");
  if (text == ".") text = "1";
  if (stream->NextBelow(3) == 0) text.insert(0, "-");
  return text;
}

struct RandomText {
  std::string text;
  std::vector<float> values;
};

RandomText MakeRandomText(int64_t rows, int64_t features, uint32_t which) {
  PhiloxStream stream({3, Purpose::kTest, 0, 0, which});
  RandomText result;
  for (int64_t i = 0; i < rows; ++i) {
    absl::StrAppend(&result.text, i % 2);
    for (int64_t e = 0; e < features; ++e) {
      const std::string number = RandomNumber(&stream);
      absl::StrAppend(&result.text, ",", number);
      result.values.push_back(std::strtof(number.c_str(), nullptr));
    }
    result.text += "\n";
  }
  return result;
}

TEST(Nt3Csv, EveryKernelRoundsMillionsOfNumbersAsStrtof) {
  const RandomText random = MakeRandomText(1200, 1000, 0);
  for (const Nt3Kernel kernel : Kernels()) {
    for (const int threads : {1, 3}) {
      Nt3CsvOptions options;
      options.features = 1000;
      options.kernel = kernel;
      options.threads = threads;
      REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                   ReadNt3Text(random.text, "text", options));
      // Not EXPECT_EQ, which would print millions of numbers.
      EXPECT_TRUE(BitsOf(ValuesOf(rows)) == BitsOf(random.values))
          << NameOf(options);
    }
  }
}

TEST(Nt3Csv, TiesBetweenFloat32ValuesGoToEvenInEveryKernel) {
  std::string text = "0";
  std::vector<float> expected;
  for (uint32_t i = 0; i < 400; ++i) {
    // 16777217 + 2 i lies in the middle of two float32 values.
    const std::string number =
        absl::StrCat(16777217 + 2 * i, i % 2 ? ".0" : "");
    absl::StrAppend(&text, ",", number);
    expected.push_back(std::strtof(number.c_str(), nullptr));
  }
  for (const Nt3Kernel kernel : Kernels()) {
    Nt3CsvOptions options;
    options.features = 400;
    options.kernel = kernel;
    REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                 ReadNt3Text(text, "text", options));
    EXPECT_EQ(ValuesOf(rows), expected) << NameOf(options);
  }
}

TEST(Nt3Csv, ResultDoesNotDependOnKernelBlocksOrThreads) {
  for (const int64_t features : {1, 2, 30, 200}) {
    const RandomText random =
        MakeRandomText(9, features, 1 + static_cast<uint32_t>(features));
    for (const Nt3CsvOptions& options : WaysToRead(features)) {
      REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                   ReadNt3Text(random.text, "text", options));
      ASSERT_EQ(rows.labels.size(), 9u) << NameOf(options);
      EXPECT_EQ(BitsOf(ValuesOf(rows)), BitsOf(random.values))
          << NameOf(options);
    }
  }
}

TEST(Nt3Csv, DigestDependsOnTheBytesAndNotOnThreads) {
  const RandomText random = MakeRandomText(300, 1000, 40);  // 3.5 blocks
  std::string digest;
  for (const int threads : {1, 2, 4}) {
    Nt3CsvOptions options;
    options.features = 1000;
    options.threads = threads;
    REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                 ReadNt3Text(random.text, "text", options));
    EXPECT_THAT(rows.digest, ::testing::MatchesRegex("xxh3:[0-9a-f]{16}"));
    if (threads == 1) digest = rows.digest;
    EXPECT_EQ(rows.digest, digest);
  }
  EXPECT_NE(MustRead("0,1\n", 1).digest, MustRead("0,1.0\n", 1).digest);
}

struct Fault {
  const char* name;
  std::string text;     // of rows of two numbers
  std::string message;  // from the name of the text on
};

std::vector<Fault> Faults() {
  const std::string columns = "3 columns (a label and 2 numbers)";
  const std::string number = "a finite decimal number without spaces or quotes";
  return {
      {"empty file", "", "offset 0: expected at least one row, found an empty"},
      {"only a byte order mark", "\xEF\xBB\xBF",
       "expected at least one row, found none"},
      {"empty line", "0,1,2\n\n1,2,3\n",
       "row 2, column 1 (offset 6): expected a label and 2 numbers, found an "
       "empty line; remedy: "},
      {"empty last line", "0,1,2\n\n", "row 2, column 1 (offset 6): "},
      {"only an empty line", "\n", "row 1, column 1 (offset 0): "},
      {"one column less", "0,1,2\n1,2\n0,1,2\n",
       "row 2, column 3 (offset 9): expected " + columns +
           ", found the end of the row after 2; remedy: "},
      {"cut off in the last row", "0,1,2\n1,2",
       "row 2, column 3 (offset 9): expected " + columns},
      {"label alone", "0,1,2\n1\n", "row 2, column 2 (offset 7): "},
      {"one column more", "0,1,2\n1,2,3,4\n0,1,2\n",
       "row 2, column 4 (offset 12): expected the end of the row after " +
           columns + ", found one column more; remedy: "},
      {"comma at the end", "0,1,2,\n",
       "row 1, column 4 (offset 6): expected the end of the row after "},
      {"two rows in one", "0,1,2,1,2,3\n", "row 1, column 4 (offset 6): "},
      {"empty field", "0,1,2\n1,,3\n",
       "row 2, column 2 (offset 8): expected " + number +
           ", found an empty field; remedy: "},
      {"empty last field", "0,1,2\n1,2,\n",
       "row 2, column 3 (offset 10): expected " + number +
           ", found an empty field"},
      {"empty last field at the end", "0,1,\r",
       "row 1, column 3 (offset 4): expected " + number},
      {"NaN", "0,1,2\n1,nan,3\n",
       "row 2, column 2 (offset 8): expected " + number + ", found 'nan'"},
      {"infinity", "0,inf,2\n",
       "row 1, column 2 (offset 2): expected " + number},
      {"too large", "0,1,1e39\n",
       "row 1, column 3 (offset 4): expected a number in the range of float32, "
       "found '1e39'"},
      {"text", "0,1,two\n", "found 'two'"},
      {"space", "0, 1,2\n", "found ' 1'"},
      {"quotes", "0,\"1\",2\n", "found '\\\"1\\\"'"},
      {"semicolons", "0;1;2\n",
       "row 1, column 1 (offset 0): expected a label of 0 to 1, found '0;1;2'"},
      {"unprintable bytes", std::string("0,1,\0\xff\n", 7),
       "found '\\x00\\xff'"},
      {"long text", "0,1," + std::string(100, 'z') + "\n",
       "found '" + std::string(40, 'z') + "'...; remedy"},
      {"carriage returns alone", "0,1,2\r1,2,3\r", "found '2\\r1'"},
      {"UTF-16",
       std::string("\xFF\xFE"
                   "0\0,\0",
                   6),
       "row 1, column 1 (offset 0): expected a label of 0 to 1"},
      {"second byte order mark",
       "\xEF\xBB\xBF\xEF\xBB\xBF"
       "0,1,2\n",
       "row 1, column 1 (offset 3): expected a label of 0 to 1"},
      {"header", "label,a,b\n0,1,2\n",
       "row 1, column 1 (offset 0): expected a label of 0 to 1, found 'label'; "
       "remedy: a header line must be removed"},
      {"unknown label", "0,1,2\n2,1,2\n",
       "row 2, column 1 (offset 6): expected a label of 0 to 1, found '2'"},
      {"negative label", "-1,1,2\n", "column 1 (offset 0): expected a label"},
      {"label between", "0.5,1,2\n", "column 1 (offset 0): expected a label"},
      {"empty label", ",1,2\n",
       "row 1, column 1 (offset 0): expected a label of 0 to 1, found an empty "
       "field"},
      {"the first of two faults", "0,1,x\n0,1,y\n", "found 'x'"},
      {"offset counts the byte order mark",
       "\xEF\xBB\xBF"
       "0,1,x\n",
       "row 1, column 3 (offset 7): "},
      {"endless field", "0,1," + std::string(5000, '1') + ",",
       "row 1, column 3 (offset 4): expected a number of at most 4096 "
       "characters, found '1111"},
      {"endless last field", "0,1," + std::string(5000, '1'),
       "row 1, column 3 (offset 4): expected a number of at most 4096"},
      {"endless label", std::string(5000, '0') + ",1,2\n",
       "row 1, column 1 (offset 0): expected a number of at most 4096"},
  };
}

TEST(Nt3Csv, NamesTheFirstFaultWithRowColumnAndOffsetHoweverItIsRead) {
  for (const Fault& fault : Faults()) {
    for (const Nt3CsvOptions& options : WaysToRead(2)) {
      EXPECT_THAT(ReadNt3Text(fault.text, "the text", options),
                  AllOf(ExitsWith(ExitCode::kData), FailsWith("the text: "),
                        FailsWith(fault.message), FailsWith("; remedy: ")))
          << fault.name << ": " << NameOf(options);
    }
  }
}

// Faults in the middle of many good fields, where the vector kernels work.
TEST(Nt3Csv, EveryKernelNamesAFaultAmongManyGoodFields) {
  constexpr int64_t kFeatures = 300;
  for (const char* bad : {"",    "-",   ".",   "-.",  "1.2.3",
                          "1-2", "--1", "nan", "NaN", "inf",
                          "1e",  " 1",  "1 ",  "0x1", "1:",
                          "1/2", "1;2", "+",   "..",  "12345678901234567x",
                          "1e99"}) {
    for (const int64_t column : {1, 2, 7, 8, 9, 150, 299, 300}) {
      std::string text;
      int64_t offset = 0;
      for (int64_t row = 0; row < 3; ++row) {
        text += "1";
        for (int64_t e = 1; e <= kFeatures; ++e) {
          text += ",";
          if (row == 1 && e == column) {
            offset = static_cast<int64_t>(text.size());
            text += bad;
          } else {
            text += "0.1234567";
          }
        }
        text += "\n";
      }
      for (const Nt3Kernel kernel : Kernels()) {
        Nt3CsvOptions options;
        options.features = kFeatures;
        options.kernel = kernel;
        EXPECT_THAT(ReadNt3Text(text, "text", options),
                    FailsWith(absl::StrFormat(
                        "text: row 2, column %d (offset %d): expected ",
                        column + 1, offset)))
            << "'" << bad << "', " << NameOf(options);
      }
    }
  }
}

TEST(Nt3Csv, EveryKernelReadsUnusualNumbersAmongManyUsualOnes) {
  constexpr int64_t kFeatures = 300;
  for (const char* number :
       {"5.", ".5", "-5.", "-.5", "+1.5", "1e5", "-1E-5", "-0", "-0.0", "007",
        "1234567890123456", "12345678901234567", "-123456789012345.6",
        "0.000000000000001", "0.0000000000000001", "1e-60"}) {
    std::string text = "0";
    for (int64_t e = 0; e < kFeatures; ++e) {
      absl::StrAppend(&text, ",", e % 5 == 2 ? number : "3.25");
    }
    const float expected = std::strtof(number, nullptr);
    for (const Nt3Kernel kernel : Kernels()) {
      Nt3CsvOptions options;
      options.features = kFeatures;
      options.kernel = kernel;
      REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows,
                                   ReadNt3Text(text, "text", options));
      const std::vector<float> values = ValuesOf(rows);
      for (int64_t e = 0; e < kFeatures; ++e) {
        ASSERT_EQ(BitsOf({values[e]}), BitsOf({e % 5 == 2 ? expected : 3.25f}))
            << number << " at " << e << ", " << NameOf(options);
      }
    }
  }
}

class Nt3FileTest : public ::testing::Test {
 protected:
  Nt3FileTest() {
    folder_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    mkdir(folder_.c_str(), 0755);
    path_ = folder_ + "/nt_train2.csv";
    options_.features = 2;
  }

  std::string folder_, path_;
  Nt3CsvOptions options_;
};

TEST_F(Nt3FileTest, ReadsAFileAndItsStamp) {
  REPRISE_ASSERT_OK(ReplaceFile(path_, {"0,1,2\n1,3,4\n"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows, ReadNt3Csv(path_, options_));
  EXPECT_THAT(ValuesOf(rows), ElementsAre(1.0f, 2.0f, 3.0f, 4.0f));
  EXPECT_EQ(rows.stamp.bytes, 12);
  REPRISE_ASSERT_OK_AND_ASSIGN(const FileStamp stamp, StampOf(path_));
  EXPECT_TRUE(stamp == rows.stamp);
}

TEST_F(Nt3FileTest, FollowsALinkAndNamesWhatIsNoFile) {
  REPRISE_ASSERT_OK(ReplaceFile(path_, {"0,1,2\n"}));
  const std::string link = folder_ + "/link", broken = folder_ + "/broken",
                    pipe = folder_ + "/pipe";
  ASSERT_EQ(symlink("nt_train2.csv", link.c_str()), 0);
  REPRISE_EXPECT_OK(ReadNt3Csv(link, options_));
  ASSERT_EQ(symlink("nowhere", broken.c_str()), 0);
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const auto& [path, found] :
       {std::make_pair(folder_, "found a folder"),
        std::make_pair(pipe, "found a device or pipe")}) {
    EXPECT_THAT(
        ReadNt3Csv(path, options_),
        AllOf(ExitsWith(ExitCode::kData), FailsWith(path), FailsWith(found)));
    EXPECT_THAT(StampOf(path), AllOf(ExitsWith(ExitCode::kData),
                                     FailsWith(path), FailsWith(found)));
  }
  EXPECT_THAT(StampOf(broken),
              AllOf(ExitsWith(ExitCode::kData), FailsWith("whose target")));
  EXPECT_TRUE(absl::IsNotFound(StampOf(folder_ + "/none").status()));
  EXPECT_THAT(ReadNt3Csv(folder_ + "/none", options_),
              AllOf(ExitsWith(ExitCode::kData), FailsWith("/none: expected a "
                                                          "readable file")));
}

TEST_F(Nt3FileTest, ReadsBackEveryFloat32ThatTheWriterWrites) {
  constexpr int64_t kRows = 40, kFeatures = 5000;
  PhiloxStream stream({5, Purpose::kTest, 0, 0, 0});
  Dataset split;
  split.format.element = DType::kFloat32;
  split.format.width = kFeatures;
  split.num_classes = 2;
  std::vector<float> values;
  while (static_cast<int64_t>(values.size()) < kRows * kFeatures) {
    uint32_t bits = stream.NextWord();
    // Half of them of the sizes that data have.
    if (bits & 1) bits = (bits & 0x8FFFFFFF) | 0x3C000000;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    if (value - value == 0) values.push_back(value);  // finite
  }
  values[0] = 0;
  values[1] = 5;
  values[2] = 1e6f;
  values[3] = 999999.9375f;
  split.rows.resize(values.size() * sizeof(float));
  std::memcpy(split.rows.data(), values.data(), split.rows.size());
  for (int64_t i = 0; i < kRows; ++i) split.labels.push_back(i % 2);
  REPRISE_ASSERT_OK(WriteNt3Csv(path_, split));
  options_.features = kFeatures;
  REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows, ReadNt3Csv(path_, options_));
  EXPECT_TRUE(BitsOf(ValuesOf(rows)) == BitsOf(values));
  EXPECT_EQ(rows.labels, split.labels);
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::string text, ReadWholeFile(path_));
  EXPECT_THAT(
      text, ::testing::StartsWith("0,0.0,5.0000000,1000000.0,999999.9375000,"));
}

}  // namespace
}  // namespace reprise
