#include "models/memory_format_table.h"

#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

const c10::Device kCpu(c10::DeviceType::CPU);
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;
constexpr auto kContiguous = at::MemoryFormat::Contiguous;

// Channels last a step takes 1.3 to 2.6 times as long.
TEST(MemoryFormatTable, CandleNetInFp32IsContiguousFromAvx2On) {
  for (const ProcessorFamily family :
       {ProcessorFamily::kAvx2, ProcessorFamily::kAvx512,
        ProcessorFamily::kAvx512Bf16, ProcessorFamily::kAmx}) {
    const MemoryFormatChoice choice =
        FastestMemoryFormat("candlenet", kCpu, family, at::kFloat, "2.11.0");
    EXPECT_TRUE(choice.measured);
    EXPECT_EQ(choice.format, kContiguous);
  }
}

TEST(MemoryFormatTable, WhatItDoesNotHaveTakesTheRule) {
  const auto rule = [](const std::string& model, c10::ScalarType type,
                       const std::string& version) {
    const MemoryFormatChoice choice =
        FastestMemoryFormat(model, kCpu, ProcessorFamily::kAvx2, type, version);
    EXPECT_FALSE(choice.measured);
    return choice.format;
  };
  EXPECT_EQ(rule("resnet18-width4", at::kFloat, "2.11.0"), kContiguous);
  EXPECT_EQ(rule("resnet18-width4", at::kBFloat16, "2.11.0"), kChannelsLast);
  // Measured, but with another LibTorch.
  EXPECT_EQ(rule("mnistnet", at::kFloat, "2.12.0"), kContiguous);
  EXPECT_EQ(rule("candlenet", at::kBFloat16, "2.12.0"), kChannelsLast);
}

TEST(MemoryFormatTable, OtherDevicesAreChannelsLast) {
  const MemoryFormatChoice choice =
      FastestMemoryFormat("candlenet", c10::Device(c10::DeviceType::CUDA, 0),
                          ProcessorFamily::kAvx2, at::kFloat, "2.11.0");
  EXPECT_FALSE(choice.measured);
  EXPECT_EQ(choice.format, kChannelsLast);
}

TEST(MemoryFormatTable, WasMeasuredWithTheLibTorchOfThisBuild) {
  EXPECT_EQ(LibTorchOfMemoryFormats(), LibTorchVersion());
  EXPECT_TRUE(FastestMemoryFormat("mnistnet", kCpu, ProcessorFamily::kAvx2,
                                  at::kFloat, LibTorchVersion())
                  .measured)
      << "LibTorch " << LibTorchVersion()
      << ": measure again by //models:memory_format_benchmark";
}

}  // namespace
}  // namespace reprise
