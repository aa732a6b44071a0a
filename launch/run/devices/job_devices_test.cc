#include "launch/run/devices/job_devices.h"

#include <string>
#include <vector>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/device/gpu/device_request.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Ids = std::vector<std::string>;

const RankDevice kOnGpu{"a", true, "", false};

RankDevice OnCpu(const std::string& host, const std::string& why,
                 bool is_expected = true) {
  return {host, false, why, is_expected};
}

TEST(CompareDevices, SaysNothingOfAJobOnGpusOrOnAMachineWithoutADriver) {
  for (const auto& ranks : std::vector<std::vector<RankDevice>>{
           {kOnGpu, kOnGpu},
           {OnCpu("a", "no driver", false), OnCpu("b", "no driver", false)}}) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const auto warnings,
                                 CompareDevices(DeviceKind::kAuto, ranks));
    EXPECT_THAT(warnings, IsEmpty());
  }
}

TEST(CompareDevices, WarnsOfEveryRankAndTellsEachReasonOnce) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const auto warnings,
      CompareDevices(
          DeviceKind::kAuto,
          {OnCpu("a", "no driver", false), OnCpu("a", "broken"),
           OnCpu("b", "hidden"), OnCpu("b", "broken"), OnCpu("a", "broken")}));
  EXPECT_THAT(warnings,
              ElementsAre("computing on the CPU: ranks 1,4 on a, rank 3 on b: "
                          "broken",
                          "computing on the CPU: rank 2 on b: hidden"));
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const auto alone,
      CompareDevices(DeviceKind::kAuto, {OnCpu("a", "broken")}));
  EXPECT_THAT(alone, ElementsAre("computing on the CPU: broken"));
}

TEST(CompareDevices, RefusesAJobOnCpusAndGpusAndNamesRanksHostsAndReasons) {
  const auto mixed = CompareDevices(
      DeviceKind::kAuto, {kOnGpu, kOnGpu, OnCpu("b", "no driver", false),
                          kOnGpu, OnCpu("c", "ECC error")});
  EXPECT_THAT(mixed, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(mixed,
              FailsWith("found some for ranks 0-1,3 on a and none for rank 2 "
                        "on b: no driver; rank 4 on c: ECC error; repair"));
}

TEST(CompareDevices, UnderCudaNamesTheRanksThatHaveNone) {
  const auto one =
      CompareDevices(DeviceKind::kCuda, {OnCpu("a", "no driver", false)});
  EXPECT_THAT(one, ExitsWith(ExitCode::kUsage));
  EXPECT_THAT(one, FailsWith("--device=cuda: no driver; --device=cpu"));
  EXPECT_THAT(
      CompareDevices(DeviceKind::kCuda, {kOnGpu, OnCpu("b", "no driver")}),
      FailsWith("--device=cuda: rank 1 on b: no driver; --device=cpu"));
}

// A process on `host` that sees these GPUs; of them those in `broken` fail.
DeviceSource Sees(const std::string& host, Ids ids, const Ids& broken = {}) {
  return {host, [ids] { return ids; },
          [ids, broken](int gpu) -> absl::StatusOr<DeviceChoice> {
            DeviceChoice choice;
            choice.is_expected = true;
            if (ids.empty()) choice.missing = "no device";
            for (const std::string& id : broken) {
              if (!ids.empty() && ids[gpu] == id)
                choice.missing = id + " broken";
            }
            if (!choice.missing.empty()) return choice;
            choice.device = c10::Device(c10::DeviceType::CUDA,
                                        static_cast<c10::DeviceIndex>(gpu));
            return choice;
          }};
}

TEST(ChooseJobDevices, GivesTheRanksOfEachHostGpusOfTheirOwn) {
  // Two hosts whose GPUs have the same ids; on the first, ranks see different
  // ones.
  RunRanksAsThreads(4, [](Communicator& communicator) {
    const std::vector<DeviceSource> sources = {
        Sees("one", {"x", "y"}), Sees("one", {"x"}), Sees("two", {"x", "y"}),
        Sees("two", {"x", "y"})};
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const JobDevices devices,
        ChooseJobDevices(DeviceKind::kAuto, communicator,
                         sources[communicator.rank()]));
    EXPECT_TRUE(devices.own.is_cuda());
    EXPECT_EQ(devices.own.index(),
              (std::vector<int>{1, 0, 0, 1})[communicator.rank()]);
    EXPECT_EQ(devices.gpus_of_host,
              communicator.rank() < 2 ? Ids({"y", "x"}) : Ids({"x", "y"}));
    EXPECT_THAT(devices.warnings, IsEmpty());
  });
}

TEST(ChooseJobDevices, TellsAllRanksTheSame) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    const auto mixed =
        ChooseJobDevices(DeviceKind::kAuto, communicator,
                         Sees("one", {"x", "y", "z"}, /*broken=*/{"y"}));
    EXPECT_THAT(mixed, ExitsWith(ExitCode::kUsage));
    EXPECT_TRUE(IsAgreed(mixed.status()));
    EXPECT_THAT(mixed, FailsWith("ranks 0,2 on one and none for rank 1 on one: "
                                 "y broken"));
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const JobDevices none,
        ChooseJobDevices(DeviceKind::kAuto, communicator, Sees("one", {})));
    EXPECT_TRUE(none.own.is_cpu());
    EXPECT_THAT(none.gpus_of_host, IsEmpty());
    EXPECT_THAT(none.warnings,
                ElementsAre("computing on the CPU: ranks 0-2 on one: no "
                            "device"));
  });
}

}  // namespace
}  // namespace reprise
