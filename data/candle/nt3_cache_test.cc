#include "data/candle/nt3_cache.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "data/candle/nt3_csv.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "xxhash.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kFeatures = 3;

class Nt3CacheTest : public ::testing::Test {
 protected:
  Nt3CacheTest() {
    top_ = absl::StrCat(
        ::testing::TempDir(), "/",
        ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(top_);
    fs::create_directories(top_ + "/data");
    setenv("XDG_CACHE_HOME", (top_ + "/user").c_str(), 1);
    csv_ = top_ + "/data/nt_train2.csv";
    beside_ = csv_ + ".cache";
    options_.features = kFeatures;
    EXPECT_THAT(ReplaceFile(csv_, {"0,1.5,-2,0\n1,-3,0.5,0\n0,1,1,0\n"}),
                IsOk());
  }

  // Loads, and checks that the rows are those of the CSV.
  Nt3Split Load() {
    warnings_.clear();
    absl::StatusOr<Nt3Split> split =
        LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_);
    EXPECT_THAT(split, IsOk());
    if (!split.ok()) return {};
    std::vector<float> values(split->labels.size() * kFeatures);
    std::memcpy(values.data(), split->rows.get(),
                values.size() * sizeof(float));
    EXPECT_THAT(values, ElementsAre(1.5f, -2.0f, 0.0f, -3.0f, 0.5f, 0.0f, 1.0f,
                                    1.0f, 0.0f));
    EXPECT_THAT(split->labels, ElementsAre(0, 1, 0));
    EXPECT_THAT(split->max_abs, ElementsAre(3.0f, 2.0f, 0.0f));
    EXPECT_THAT(split->digest, ::testing::StartsWith("xxh3:"));
    return *std::move(split);
  }

  absl::Status Verify() {
    return LoadNt3(csv_, options_, Nt3CacheUse::kVerify, &warnings_).status();
  }

  std::string Cache() { return ReadWholeFile(beside_).value(); }
  // Not by ReplaceFile, whose fsync would be most of the test's time.
  void SetCache(const std::string& content) {
    fs::remove(beside_);
    std::ofstream(beside_, std::ios::binary) << content;
  }

  std::string top_, csv_, beside_;
  Nt3CsvOptions options_;
  std::vector<std::string> warnings_;
};

TEST_F(Nt3CacheTest, IsMadeOnceBesideTheCsvAndThenMapped) {
  EXPECT_FALSE(Load().from_cache);
  EXPECT_TRUE(fs::exists(beside_));
  EXPECT_FALSE(fs::exists(top_ + "/user"));
  const std::string made = Cache();
  const std::string digest = Load().digest;
  EXPECT_TRUE(Load().from_cache);
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_EQ(Cache(), made);
  REPRISE_EXPECT_OK(Verify());
  REPRISE_ASSERT_OK_AND_ASSIGN(const Nt3Rows rows, ReadNt3Csv(csv_, options_));
  EXPECT_EQ(digest, rows.digest);
  // Rows begin at a page, the file ends with them.
  EXPECT_EQ(made.size(), 4096 + 9 * sizeof(float));
}

TEST_F(Nt3CacheTest, RowsOutliveTheFile) {
  Load();
  const Nt3Split split = Load();
  fs::remove_all(top_);
  EXPECT_EQ(reinterpret_cast<const float*>(split.rows.get())[1], -2.0f);
}

TEST_F(Nt3CacheTest, AChangedCsvIsReadAnewInSilence) {
  Load();
  // Of the same size, later.
  REPRISE_ASSERT_OK(ReplaceFile(csv_, {"1,9.5,-2,0\n1,-3,0.5,0\n0,1,1,0\n"}));
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Nt3Split split, LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_));
  EXPECT_FALSE(split.from_cache);
  EXPECT_THAT(split.labels, ElementsAre(1, 1, 0));
  EXPECT_THAT(split.max_abs, ElementsAre(9.5f, 2.0f, 0.0f));
  REPRISE_ASSERT_OK_AND_ASSIGN(
      split, LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_));
  EXPECT_TRUE(split.from_cache);
  EXPECT_THAT(warnings_, IsEmpty());
}

// As cp -p, rsync -t, tar and touch -r leave it.
TEST_F(Nt3CacheTest, AnotherCsvOfTheSameSizeAndTimeIsReadAnew) {
  const auto time = fs::last_write_time(csv_);
  const std::string turned = "1,1.5,-2,0\n0,-3,0.5,0\n1,1,1,0\n";
  Load();
  REPRISE_ASSERT_OK(ReplaceFile(csv_, {turned}));
  fs::last_write_time(csv_, time);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      Nt3Split split, LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_));
  EXPECT_THAT(split.labels, ElementsAre(1, 0, 1));
  // Written over in place: the same inode.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::ofstream(csv_, std::ios::in | std::ios::out) << "0";
  fs::last_write_time(csv_, time);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      split, LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_));
  EXPECT_THAT(split.labels, ElementsAre(0, 0, 1));
}

TEST_F(Nt3CacheTest, VerificationHoldsTheCacheAgainstTheCsv) {
  Load();
  const std::string made = Cache();
  // The cache of another CSV, in order by itself, under this one's stamp.
  REPRISE_ASSERT_OK(ReplaceFile(csv_, {"1,1.5,-2,0\n1,-3,0.5,0\n0,1,1,0\n"}));
  REPRISE_ASSERT_OK(
      LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_).status());
  std::string other = Cache();
  std::memcpy(&other[120], &made[120], sizeof(int32_t));  // the first label
  uint64_t checksum = XXH64(other.data(), 112, 0);
  checksum = XXH64(&other[120], 3 * sizeof(int32_t), checksum);
  checksum = XXH64(&other[132], kFeatures * sizeof(float), checksum);
  std::memcpy(&other[112], &checksum, sizeof(checksum));
  SetCache(other);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const Nt3Split trusted,
      LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_));
  EXPECT_THAT(trusted.labels, ElementsAre(0, 1, 0));
  EXPECT_THAT(Verify(), AllOf(ExitsWith(ExitCode::kData), FailsWith(beside_),
                              FailsWith("expected the labels and rows of the "
                                        "CSV as it is now, found others; "
                                        "remedy: delete it")));
}

TEST_F(Nt3CacheTest, ACacheOfAnotherVersionIsMadeAnewInSilence) {
  Load();
  std::string other = Cache();
  ++other[16];
  SetCache(other);
  EXPECT_FALSE(Load().from_cache);
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_TRUE(Load().from_cache);
}

TEST_F(Nt3CacheTest, ABadCsvLeavesNoCache) {
  REPRISE_ASSERT_OK(ReplaceFile(csv_, {"0,1,2\n"}));
  EXPECT_THAT(LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings_),
              AllOf(ExitsWith(ExitCode::kData), FailsWith("row 1, column 4")));
  EXPECT_FALSE(fs::exists(beside_));
  EXPECT_TRUE(absl::IsNotFound(
      LoadNt3(top_ + "/none", options_, Nt3CacheUse::kTrust, &warnings_)
          .status()));
}

TEST_F(Nt3CacheTest, EveryTruncationAndExtensionIsFoundAndRepaired) {
  Load();
  const std::string made = Cache();
  for (size_t length = 0; length <= made.size() + 1;
       length += length < 150 ? 7 : 331) {
    if (length == made.size()) continue;
    std::string damaged = made;
    damaged.resize(length, 'x');
    SetCache(damaged);
    ASSERT_FALSE(Load().from_cache) << length;
    ASSERT_THAT(warnings_, ElementsAre(AllOf(
                               HasSubstr("the cache " + beside_ + ": expected"),
                               HasSubstr("; made it anew from " + csv_))));
    ASSERT_EQ(Cache(), made);
  }
}

TEST_F(Nt3CacheTest, AFlippedBitInAnyByteBeforeTheRowsIsFoundAndRepaired) {
  Load();
  const std::string made = Cache();
  // Up to the zeros before the rows; 16 to 23 are the version and byte order.
  const size_t used = 120 + 3 * sizeof(int32_t) + kFeatures * sizeof(float);
  for (size_t i = 0; i < used; ++i) {
    std::string damaged = made;
    damaged[i] = static_cast<char>(damaged[i] ^ 1 << i % 8);
    SetCache(damaged);
    ASSERT_FALSE(Load().from_cache) << "byte " << i;
    ASSERT_EQ(warnings_.size(), i >= 16 && i < 24 ? 0u : 1u) << i;
    ASSERT_EQ(Cache(), made);
  }
}

TEST_F(Nt3CacheTest, VerificationFindsEveryFlippedBitOfTheRows) {
  Load();
  const std::string made = Cache();
  for (size_t i = 4096 * 8; i < made.size() * 8; ++i) {
    std::string damaged = made;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ 1 << i % 8);
    SetCache(damaged);
    ASSERT_THAT(Verify(), AllOf(ExitsWith(ExitCode::kData), FailsWith(beside_),
                                FailsWith("remedy: delete it")));
  }
}

TEST_F(Nt3CacheTest, LiesAboutSizesCostNoMemory) {
  Load();
  const std::string made = Cache();
  // rows, features and file_bytes.
  for (const size_t at : {40, 48, 64}) {
    for (const int64_t lie :
         {int64_t{-1}, int64_t{0}, int64_t{1} << 40, INT64_MAX, INT64_MIN}) {
      std::string damaged = made;
      std::memcpy(&damaged[at], &lie, sizeof(lie));
      SetCache(damaged);
      ASSERT_FALSE(Load().from_cache);
      ASSERT_EQ(warnings_.size(), 1u);
    }
  }
}

TEST_F(Nt3CacheTest, AFolderALinkOrAPipeInItsPlaceIsReplacedOrPassedBy) {
  fs::create_directory(beside_);
  Load();
  // Made in the user's folder, since a folder is not replaced.
  EXPECT_EQ(warnings_.size(), 1u);
  EXPECT_TRUE(fs::exists(Nt3CachePaths(csv_)[1]));
  fs::remove_all(beside_);
  fs::remove_all(top_ + "/user");
  ASSERT_EQ(mkfifo(beside_.c_str(), 0600), 0);
  EXPECT_FALSE(Load().from_cache);
  EXPECT_TRUE(Load().from_cache);
  const std::string made = Cache();
  ReplaceFile(top_ + "/elsewhere", {made}).IgnoreError();
  fs::remove(beside_);
  fs::create_symlink(top_ + "/elsewhere", beside_);
  EXPECT_FALSE(Load().from_cache);
  EXPECT_EQ(warnings_.size(), 1u);
  EXPECT_FALSE(fs::is_symlink(beside_));
}

// Root may write everywhere: the folder is made unwritable by putting it on a
// path that cannot be a folder.
TEST_F(Nt3CacheTest, LiesInTheUsersFolderWhereTheCsvsCannotBeWritten) {
  fs::create_directory(beside_);  // in the way of the file
  Load();
  const std::string user = Nt3CachePaths(csv_)[1];
  EXPECT_THAT(user, ::testing::StartsWith(
                        top_ + "/user/reprise/candle/nt_train2.csv-"));
  EXPECT_TRUE(fs::exists(user));
  EXPECT_TRUE(Load().from_cache);
  // Another CSV of the same name has another.
  EXPECT_NE(Nt3CachePaths(top_ + "/nt_train2.csv")[1], user);
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/somebody", 1);
  EXPECT_THAT(Nt3CachePaths(csv_)[1],
              ::testing::StartsWith(
                  "/home/somebody/.cache/reprise/candle/nt_train2.csv-"));
  setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_THAT(Nt3CachePaths(csv_)[1],
              ::testing::StartsWith("/home/somebody/.cache/"));
}

TEST_F(Nt3CacheTest, RowsStayInMemoryWhereNoCacheCanBeWritten) {
  fs::create_directory(beside_);
  REPRISE_ASSERT_OK(ReplaceFile(top_ + "/user", {"a file, not a folder"}));
  const Nt3Split split = Load();
  EXPECT_FALSE(split.from_cache);
  EXPECT_THAT(warnings_, ::testing::Contains(
                             HasSubstr("no cache of " + csv_ +
                                       " (the next run parses it again): ")));
}

TEST_F(Nt3CacheTest, WhatAKilledWriterLeftIsRemovedOnceItIsOld) {
  const std::string old = beside_ + ".tmp-1", young = beside_ + ".tmp-2";
  REPRISE_ASSERT_OK(ReplaceFile(old, {"half"}));
  REPRISE_ASSERT_OK(ReplaceFile(young, {"half"}));
  fs::last_write_time(old,
                      fs::file_time_type::clock::now() - std::chrono::hours(2));
  Load();
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
}

TEST_F(Nt3CacheTest, RacingThreadsAllGetTheRows) {
  for (int round = 0; round < 20; ++round) {
    fs::remove(beside_);
    std::vector<std::thread> threads;
    std::vector<absl::StatusOr<Nt3Split>> splits(
        8, absl::UnknownError("not loaded"));
    std::vector<std::vector<std::string>> warnings(8);
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&, i] {
        splits[i] = LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings[i]);
      });
    }
    int made = 0;
    for (int i = 0; i < 8; ++i) {
      threads[i].join();
      REPRISE_ASSERT_OK(splits[i]);
      EXPECT_THAT(splits[i]->labels, ElementsAre(0, 1, 0));
      EXPECT_THAT(warnings[i], IsEmpty());
      made += !splits[i]->from_cache;
    }
    // The others waited for its lock.
    EXPECT_EQ(made, 1);
  }
}

TEST_F(Nt3CacheTest, RacingProcessesAllGetTheRowsAlsoFromADamagedCache) {
  for (int round = 0; round < 5; ++round) {
    SetCache("damaged");
    std::vector<pid_t> children;
    for (int i = 0; i < 6; ++i) {
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) {
        std::vector<std::string> warnings;
        const auto split =
            LoadNt3(csv_, options_, Nt3CacheUse::kTrust, &warnings);
        _exit(split.ok() && split->labels == std::vector<int32_t>{0, 1, 0} &&
                      split->max_abs[0] == 3.0f
                  ? 0
                  : 1);
      }
      children.push_back(child);
    }
    for (const pid_t child : children) {
      int status = 1;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      EXPECT_EQ(status, 0);
    }
    EXPECT_TRUE(Load().from_cache);
  }
}

}  // namespace
}  // namespace reprise
