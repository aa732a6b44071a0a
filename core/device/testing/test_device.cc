#include "core/device/testing/test_device.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/device/device.h"
#include "core/device/device_description.h"
#include "core/device/gpu/device_request.h"
#include "core/device/testing/protected_device.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

c10::Device ChosenDevice() {
  const char* const variable = std::getenv("REPRISE_TEST_DEVICE");
  const absl::string_view wanted = variable == nullptr ? "cpu" : variable;
  if (wanted == "protected") return ProtectedDevice();
  if (wanted != "cpu" && wanted != "cuda") {
    std::fprintf(stderr,
                 "REPRISE_TEST_DEVICE=%s: expected cpu, cuda or protected\n",
                 variable);
    std::exit(1);
  }
  const absl::StatusOr<DeviceChoice> choice =
      ChooseDevice(wanted == "cpu" ? DeviceKind::kCpu : DeviceKind::kCuda, 0);
  if (!choice.ok()) {
    std::fprintf(stderr, "REPRISE_TEST_DEVICE=%s: %s\n", variable,
                 std::string(choice.status().message()).c_str());
    std::exit(1);
  }
  if (!choice->device.is_cpu()) {
    std::printf("tests run on %s\n", DescribeDevice(choice->device).c_str());
  }
  return choice->device;
}

class LoadedBeforeTheFirstTest final : public testing::Environment {
 public:
  void SetUp() override { TestDevice(); }
};

testing::Environment* const loaded =
    testing::AddGlobalTestEnvironment(new LoadedBeforeTheFirstTest);

}  // namespace

c10::Device TestDevice() {
  static const c10::Device device = ChosenDevice();
  return device;
}

}  // namespace reprise
