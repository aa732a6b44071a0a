#include "core/base/cores.h"

#include <filesystem>
#include <optional>
#include <string>

#include "core/base/file.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// A tree of files in place of /proc and /sys/fs/cgroup.
class CoreQuotaTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "/" +
            testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(root_);
  }
  void Write(const std::string& path, const std::string& content) {
    const std::filesystem::path whole = root_ + path;
    std::filesystem::create_directories(whole.parent_path());
    REPRISE_ASSERT_OK(ReplaceFile(whole, {content}));
  }
  // Version 2, mounted at /sys/fs/cgroup, with `root` seen there.
  void Mount2(const std::string& root, const std::string& group) {
    Write("/proc/self/mountinfo",
          "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
          "30 22 0:26 " +
              root +
              " /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n");
    Write("/proc/self/cgroup", "0::" + group + "\n");
  }
  // Version 1.
  void Mount1(const std::string& root, const std::string& group) {
    Write("/proc/self/mountinfo",
          "40 30 0:30 " + root +
              " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
              "41 30 0:31 " +
              root +
              " /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup "
              "rw,cpu,cpuacct\n");
    Write("/proc/self/cgroup",
          "9:memory:/other\n4:cpu,cpuacct:" + group + "\n1:name=systemd:/x\n");
  }
  std::string root_;
};

TEST_F(CoreQuotaTest, IsNoneWhereTheSystemTellsNone) {
  EXPECT_EQ(CoreQuota(root_), std::nullopt);
  Mount2("/", "/");
  EXPECT_EQ(CoreQuota(root_), std::nullopt);
  Write("/sys/fs/cgroup/cpu.max", "max 100000\n");
  EXPECT_EQ(CoreQuota(root_), std::nullopt);
}

TEST_F(CoreQuotaTest, IsTheContainersOwnInVersion2) {
  Mount2("/", "/");
  Write("/sys/fs/cgroup/cpu.max", "250000 100000\n");
  EXPECT_EQ(CoreQuota(root_), 2.5);
}

TEST_F(CoreQuotaTest, IsTheLeastOfAGroupAndThoseThatItIsIn) {
  Mount2("/", "/user.slice/job/step");
  Write("/sys/fs/cgroup/user.slice/cpu.max", "800000 100000\n");
  Write("/sys/fs/cgroup/user.slice/job/cpu.max", "300000 100000\n");
  Write("/sys/fs/cgroup/user.slice/job/step/cpu.max", "max 100000\n");
  // Beside it, not above it.
  Write("/sys/fs/cgroup/user.slice/other/cpu.max", "100000 100000\n");
  EXPECT_EQ(CoreQuota(root_), 3);
  Write("/sys/fs/cgroup/user.slice/job/step/cpu.max", "40000 20000\n");
  EXPECT_EQ(CoreQuota(root_), 2);
}

TEST_F(CoreQuotaTest, IsFoundUnderNamesWithEscapedCharacters) {
  // As systemd names "dev-sda1": mountinfo escapes what cgroup does not.
  Mount2("/a.slice/dev\\134x2dsda1", "/a.slice/dev\\x2dsda1/inner");
  Write("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  Write("/sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
  EXPECT_EQ(CoreQuota(root_), 1);
}

TEST_F(CoreQuotaTest, OfGroupsMountedBesideItsOwnIsNotThatOfTheProcess) {
  const auto mount = [](const std::string& group, const std::string& point) {
    return "30 22 0:26 " + group + " " + point + " rw - cgroup2 cgroup2 rw\n";
  };
  Write("/proc/self/mountinfo",
        mount("/job/other", "/other") + mount("/job/own", "/own"));
  Write("/proc/self/cgroup", "0::/job/own\n");
  Write("/other/cpu.max", "100000 100000\n");
  Write("/own/cpu.max", "300000 100000\n");
  EXPECT_EQ(CoreQuota(root_), 3);
  // None fits: either may be its own, under another name.
  Write("/proc/self/cgroup", "0::/elsewhere\n");
  EXPECT_EQ(CoreQuota(root_), 1);
}

TEST_F(CoreQuotaTest, OfVersion1IsThatOfTheControllerOfCores) {
  Mount1("/", "/docker/abc");
  Write("/sys/fs/cgroup/memory/docker/abc/cpu.cfs_quota_us", "10000\n");
  Write("/sys/fs/cgroup/memory/docker/abc/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CoreQuota(root_), std::nullopt);
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "400000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CoreQuota(root_), 4);
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "75000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(CoreQuota(root_), 1.5);
}

TEST_F(CoreQuotaTest, IsFoundWhereAContainerSeesOnlyItsOwnGroup) {
  // Named as the host names it, with the mount showing just that group.
  Mount1("/docker/abc", "/docker/abc");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "200000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CoreQuota(root_), 2);
  // A group of its own inside.
  Mount1("/docker/abc", "/docker/abc/inner");
  Write("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us", "100000\n");
  Write("/sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(CoreQuota(root_), 1);
  // Names that do not fit together, and what lies above what is seen.
  Mount1("/docker/abc", "/docker/abcdef");
  EXPECT_EQ(CoreQuota(root_), 2);
  Mount1("/", "/../other");
  EXPECT_EQ(CoreQuota(root_), 2);
}

TEST(WithinQuota, RoundsDownButNotToNothing) {
  EXPECT_EQ(WithinQuota(16, std::nullopt), 16);
  EXPECT_EQ(WithinQuota(16, 16), 16);
  EXPECT_EQ(WithinQuota(16, 40), 16);
  EXPECT_EQ(WithinQuota(16, 2.9), 2);
  EXPECT_EQ(WithinQuota(16, 0.5), 1);
}

TEST(UsableCores, AreAtMostThoseOfTheAffinityAndAtLeastOne) {
  EXPECT_GE(UsableCores(), 1);
  EXPECT_LE(UsableCores(), NumCores(UsableCoreMask()));
}

}  // namespace
}  // namespace reprise
