#include "launch/mpirun/command/network.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

constexpr MpirunVersion kOpenMpi41 = {4, 1}, kOpenMpi50 = {5, 0};

// A host with Ethernet, IP over InfiniBand and a container bridge.
std::string FakeSys() {
  const std::string sys = testing::TempDir() + "/sys";
  std::filesystem::remove_all(sys);
  const auto interface = [&](const std::string& name, int type) {
    std::filesystem::create_directories(sys + "/class/net/" + name);
    std::ofstream(sys + "/class/net/" + name + "/type") << type << "\n";
  };
  interface("lo", 772);
  interface("enP1p1s0f0", 1);
  interface("ib0", 32);
  interface("ibp5s0", 32);
  interface("docker0", 1);
  std::filesystem::create_directories(sys + "/class/net/docker0/bridge");
  // A bridge that the host's own card is a port of.
  interface("br0", 1);
  interface("eth1", 1);
  std::filesystem::create_directories(sys + "/class/net/br0/bridge");
  std::filesystem::create_directories(sys + "/class/net/br0/brif/eth1");
  std::filesystem::create_directories(sys + "/class/net/eth1/device");
  std::filesystem::create_directories(sys + "/class/infiniband/mlx5_0");
  return sys;
}

std::string Options(Network network, const MpirunVersion& version,
                    const HostNetwork& host) {
  const auto settings = SettingsOfNetwork(network, version, host);
  REPRISE_EXPECT_OK(settings.status());
  return absl::StrJoin(settings->mpirun_options, " ");
}

TEST(HostNetwork, KnowsInfinibandByItsTypeNotItsName) {
  const HostNetwork host = FindHostNetwork(FakeSys());
  EXPECT_THAT(host.infiniband, ElementsAre("ib0", "ibp5s0"));
  EXPECT_THAT(host.bridges, ElementsAre("docker0"));
  EXPECT_THAT(host.infiniband_devices, ElementsAre("mlx5_0"));
}

TEST(HostNetwork, OfAMissingFolderIsEmpty) {
  const HostNetwork host = FindHostNetwork("/does/not/exist");
  EXPECT_THAT(host.infiniband, IsEmpty());
  EXPECT_THAT(host.infiniband_devices, IsEmpty());
}

TEST(SettingsOfNetwork, AutoLeavesTheChoiceToOthers) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const NetworkSettings settings,
                               SettingsOfNetwork(Network::kAuto, kOpenMpi50,
                                                 FindHostNetwork(FakeSys())));
  EXPECT_THAT(settings.mpirun_options, IsEmpty());
  EXPECT_THAT(settings.variables, IsEmpty());
}

TEST(SettingsOfNetwork, TcpKeepsOffInfinibandInItsNamesOfEachRelease) {
  const HostNetwork host = FindHostNetwork(FakeSys());
  EXPECT_EQ(Options(Network::kTcp, kOpenMpi50, host),
            "--mca pml ob1 --mca btl self,sm,tcp --mca coll ^hcoll,ucc "
            "--mca btl_tcp_if_exclude 127.0.0.0/8,ib0,ibp5s0,docker0 "
            "--prtemca prte_if_exclude ib0,ibp5s0,docker0");
  EXPECT_EQ(Options(Network::kTcp, kOpenMpi41, host),
            "--mca pml ob1 --mca btl self,vader,tcp --mca coll ^hcoll "
            "--mca btl_tcp_if_exclude 127.0.0.0/8,ib0,ibp5s0,docker0 "
            "--mca oob_tcp_if_exclude ib0,ibp5s0,docker0");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const NetworkSettings settings,
      SettingsOfNetwork(Network::kTcp, kOpenMpi50, host));
  EXPECT_THAT(settings.variables, ElementsAre(Pair("NCCL_IB_DISABLE", "1"),
                                              Pair("NCCL_SOCKET_IFNAME",
                                                   "^lo,ib0,ibp5s0,docker0")));
}

TEST(SettingsOfNetwork, TcpWithoutInfinibandExcludesLoopbackOnly) {
  const std::string options = Options(Network::kTcp, kOpenMpi50, HostNetwork{});
  EXPECT_THAT(options, HasSubstr("btl_tcp_if_exclude 127.0.0.0/8"));
  EXPECT_THAT(options, Not(HasSubstr("prte_if_exclude")));
}

TEST(SettingsOfNetwork, IbNeedsADevice) {
  EXPECT_EQ(
      Options(Network::kInfiniBand, kOpenMpi50, FindHostNetwork(FakeSys())),
      "--mca pml ucx");
  const auto none =
      SettingsOfNetwork(Network::kInfiniBand, kOpenMpi50, HostNetwork{});
  EXPECT_THAT(none.status(), ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(none.status(), FailsWith("no InfiniBand device"));
  EXPECT_THAT(none.status(), FailsWith("use --network=tcp or auto"));
}

TEST(SettingsOfNetwork, OfAnUnknownReleaseIsAnError) {
  EXPECT_THAT(SettingsOfNetwork(Network::kTcp, {3, 1}, HostNetwork{}).status(),
              ExitsWith(ExitCode::kDistributed));
}

}  // namespace
}  // namespace reprise
