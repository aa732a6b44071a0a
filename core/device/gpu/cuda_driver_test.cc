#include "core/device/gpu/cuda_driver.h"

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using testing::HasSubstr;

class CudaDriverTest : public testing::Test {
 protected:
  CudaDriverTest() {
    for (const char* name : {"EMULATED_CUDA_INIT", "EMULATED_CUDA_VERSION",
                             "EMULATED_CUDA_GPUS", "CUDA_VISIBLE_DEVICES"}) {
      unsetenv(name);
    }
  }

  static CudaDriver AskEmulated() {
    return AskCudaDriver(std::getenv("EMULATED_DRIVER"));
  }
  // A machine without a driver.
  static CudaDriver AskNone(const std::string& root = "/nowhere") {
    return AskCudaDriver("libcuda_that_is_not_there.so.1", root);
  }
};

TEST_F(CudaDriverTest, TellsTheGpusThatTheProcessSees) {
  setenv("EMULATED_CUDA_GPUS",
         "0000:3B:00.0,90,NVIDIA H200;0000:AF:00.0,60,Tesla P100", 1);
  setenv("EMULATED_CUDA_VERSION", "12080", 1);
  const CudaDriver driver = AskEmulated();
  EXPECT_EQ(driver.missing, "");
  EXPECT_EQ(driver.cuda_version, 12080);
  ASSERT_EQ(driver.gpus.size(), 2u);
  EXPECT_EQ(driver.gpus[0].name, "NVIDIA H200");
  EXPECT_EQ(driver.gpus[0].pci_id, "0000:3b:00.0");
  EXPECT_EQ(driver.gpus[0].capability, 90);
  EXPECT_EQ(driver.gpus[1].name, "Tesla P100");
  EXPECT_EQ(driver.gpus[1].capability, 60);
}

TEST_F(CudaDriverTest, WithoutADeviceSaysSoInTheDriversWords) {
  CudaDriver driver = AskEmulated();
  EXPECT_TRUE(driver.is_expected);
  EXPECT_TRUE(driver.gpus.empty());
  EXPECT_THAT(driver.missing, HasSubstr("the driver offers no device"));

  setenv("EMULATED_CUDA_INIT", "100", 1);
  setenv("CUDA_VISIBLE_DEVICES", "7", 1);
  driver = AskEmulated();
  EXPECT_THAT(driver.missing,
              HasSubstr("(cuInit: no CUDA-capable device is detected (CUDA "
                        "error 100); CUDA_VISIBLE_DEVICES is '7')"));
}

TEST_F(CudaDriverTest, OfALibraryThatIsNoDriverNamesWhatItLacks) {
  const CudaDriver driver = AskCudaDriver("libm.so.6");
  EXPECT_TRUE(driver.gpus.empty());
  EXPECT_THAT(driver.missing, HasSubstr("the driver offers no device"));
  EXPECT_THAT(driver.missing, HasSubstr("libm.so.6 has no cuInit"));
}

TEST_F(CudaDriverTest, IsNotMissedOnAMachineWithoutAGpu) {
  const CudaDriver driver = AskNone();
  EXPECT_FALSE(driver.is_expected);
  EXPECT_THAT(driver.missing, HasSubstr("there is no NVIDIA driver ("));
  EXPECT_THAT(driver.missing, HasSubstr("libcuda_that_is_not_there.so.1"));
  for (const char* hides : {"", "-1", "NoDevFiles"}) {
    setenv("CUDA_VISIBLE_DEVICES", hides, 1);
    EXPECT_FALSE(AskNone().is_expected) << hides;
  }
}

TEST_F(CudaDriverTest, IsMissedWhereTheMachineSaysThatThereIsAGpu) {
  const std::string root = testing::TempDir() + "/root";
  for (const char* path : {"/proc/driver/nvidia", "/dev/nvidia0"}) {
    std::filesystem::remove_all(root);
    std::filesystem::create_directories(root + path);
    const CudaDriver driver = AskNone(root);
    EXPECT_TRUE(driver.is_expected) << path;
    EXPECT_THAT(driver.missing, HasSubstr(std::string(path) + " exists"));
    EXPECT_THAT(driver.missing, HasSubstr("LD_LIBRARY_PATH"));
    EXPECT_THAT(driver.missing, HasSubstr("libcuda_that_is_not_there.so.1"));
  }
  setenv("CUDA_VISIBLE_DEVICES", "2", 1);
  const CudaDriver driver = AskNone();
  EXPECT_TRUE(driver.is_expected);
  EXPECT_THAT(driver.missing, HasSubstr("CUDA_VISIBLE_DEVICES is '2'"));
}

TEST(CudaVersionText, IsOfThePublishedForm) {
  EXPECT_EQ(CudaVersionText(12040), "12.4");
  EXPECT_EQ(CudaVersionText(13000), "13.0");
  EXPECT_EQ(DriverReleaseFor(13000), "580");
  EXPECT_EQ(DriverReleaseFor(12060), "525");
  EXPECT_EQ(DriverReleaseFor(99000), "");
}

}  // namespace
}  // namespace reprise
