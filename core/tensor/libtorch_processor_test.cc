#include "core/tensor/libtorch_processor.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/base/processor.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr const char* kLibTorchs[] = {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
                                      "ATEN_CPU_CAPABILITY",
                                      "MKL_ENABLE_INSTRUCTIONS"};

std::string Get(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void Forget() {
  for (const char* name : kLibTorchs) unsetenv(name);
}

TEST(LibTorchProcessor, OneDnnsValuesAllowWhatTheyName) {
  EXPECT_EQ(LimitOfOneDnn("sse41"), ProcessorFamily::kBaseline);
  EXPECT_EQ(LimitOfOneDnn("AVX2"), ProcessorFamily::kAvx2);
  EXPECT_EQ(LimitOfOneDnn("avx512_core"), ProcessorFamily::kAvx512);
  EXPECT_EQ(LimitOfOneDnn("AVX512_CORE_VNNI"), ProcessorFamily::kAvx512);
  EXPECT_EQ(LimitOfOneDnn("AVX512_CORE_BF16"), ProcessorFamily::kAvx512Bf16);
  for (const char* all : {"", "ALL", "AVX512_CORE_AMX", "unknown to it"}) {
    EXPECT_EQ(LimitOfOneDnn(all), ProcessorFamily::kAmx) << all;
  }
}

// In processes of their own: the family is found out once.
TEST(LibTorchProcessorDeathTest, OurLimitIsLibTorchsUnlessItHasItsOwn) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  if (HardwareProcessor() <= ProcessorFamily::kAvx2) {
    GTEST_SKIP() << "this processor has nothing to take away";
  }
  const auto limited = [] {
    Forget();
    setenv("REPRISE_MAX_CPU_ISA", "avx2", 1);
    setenv("ATEN_CPU_CAPABILITY", "default", 1);
    LimitLibTorch();
    std::exit(Get("ONEDNN_MAX_CPU_ISA") == "AVX2" &&
                      Get("ATEN_CPU_CAPABILITY") == "default" &&
                      Get("MKL_ENABLE_INSTRUCTIONS") == "AVX2" &&
                      LibTorchProcessor() == ProcessorFamily::kAvx2
                  ? 17
                  : 1);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(17), "");
}

TEST(LibTorchProcessorDeathTest, OneDnnsOtherNameHoldsWhereTheFirstIsEmpty) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  if (HardwareProcessor() <= ProcessorFamily::kAvx512) {
    GTEST_SKIP() << "this processor has too little to take away";
  }
  const auto limited = [] {
    Forget();
    setenv("REPRISE_MAX_CPU_ISA", "avx512", 1);
    setenv("ONEDNN_MAX_CPU_ISA", "", 1);
    setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
    setenv("ATEN_CPU_CAPABILITY", "", 1);
    LimitLibTorch();
    std::exit(Get("ONEDNN_MAX_CPU_ISA").empty() &&
                      Get("ATEN_CPU_CAPABILITY") == "avx512" &&
                      LibTorchProcessor() == ProcessorFamily::kAvx2
                  ? 17
                  : 1);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(17), "");
}

TEST(LibTorchProcessorDeathTest, WithoutALimitNothingIsSet) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto unlimited = [] {
    Forget();
    unsetenv("REPRISE_MAX_CPU_ISA");
    LimitLibTorch();
    for (const char* name : kLibTorchs) {
      if (std::getenv(name) != nullptr) std::exit(1);
    }
    std::exit(LibTorchProcessor() == HardwareProcessor() ? 17 : 1);
  };
  EXPECT_EXIT(unlimited(), testing::ExitedWithCode(17), "");
}

TEST(LibTorchProcessorDeathTest, ALimitOfOneDnnsAloneIsSeenAndOurKernelsKeep) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  const auto limited = [] {
    Forget();
    unsetenv("REPRISE_MAX_CPU_ISA");
    setenv("ONEDNN_MAX_CPU_ISA", "AVX2", 1);
    LimitLibTorch();
    std::exit(LibTorchProcessor() == std::min(ProcessorFamily::kAvx2,
                                              HardwareProcessor()) &&
                      ThisProcessor() == HardwareProcessor()
                  ? 17
                  : 1);
  };
  EXPECT_EXIT(limited(), testing::ExitedWithCode(17), "");
}

}  // namespace
}  // namespace reprise
