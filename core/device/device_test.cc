#include "core/device/device.h"

#include "core/base/status_matchers.h"
#include "core/device/gpu/device_request.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(ChooseDevice, TakesTheCpuWithoutLookingForMore) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const DeviceChoice choice,
                               ChooseDevice(DeviceKind::kCpu, 3));
  EXPECT_TRUE(choice.device.is_cpu());
  EXPECT_EQ(choice.missing, "");
}

}  // namespace
}  // namespace reprise
