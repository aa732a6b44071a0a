#include "core/base/processor.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::HasSubstr;

constexpr char kVariable[] = "REPRISE_MAX_CPU_ISA";
constexpr ProcessorFamily kFamilies[] = {
    ProcessorFamily::kBaseline, ProcessorFamily::kAvx2,
    ProcessorFamily::kAvx512, ProcessorFamily::kAvx512Bf16,
    ProcessorFamily::kAmx};

TEST(Processor, EveryFamilyIsFoundByItsNameInAnyCase) {
  for (const ProcessorFamily family : kFamilies) {
    EXPECT_EQ(*FindProcessorFamily(NameOf(family)), family);
  }
  EXPECT_EQ(*FindProcessorFamily("AVX512_BF16"), ProcessorFamily::kAvx512Bf16);
}

TEST(Processor, AnUnknownNameIsAnErrorThatListsTheNames) {
  const auto family = FindProcessorFamily("sse\n9");
  EXPECT_EQ(ExitCodeOf(family.status()), ExitCode::kUsage);
  EXPECT_THAT(family.status().message(),
              HasSubstr("expected one of baseline, avx2, avx512, avx512_bf16, "
                        "amx, found 'sse\\n9'"));
}

TEST(Processor, TheLimitIsCheckedWithTheNameOfItsVariable) {
  setenv(kVariable, "avx1024", 1);
  EXPECT_THAT(CheckProcessorLimit().message(),
              HasSubstr("$REPRISE_MAX_CPU_ISA: expected one of"));
  setenv(kVariable, "AVX2", 1);
  EXPECT_TRUE(CheckProcessorLimit().ok());
  setenv(kVariable, "", 1);
  EXPECT_TRUE(CheckProcessorLimit().ok());
  unsetenv(kVariable);
  EXPECT_TRUE(CheckProcessorLimit().ok());
}

// In processes of their own: the family is found out once.
TEST(ProcessorDeathTest, IsTheLesserOfTheHardwareAndTheLimit) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const ProcessorFamily limit : kFamilies) {
    const auto check = [limit] {
      setenv(kVariable, std::string(NameOf(limit)).c_str(), 1);
      std::exit(ThisProcessor() == std::min(limit, HardwareProcessor()) ? 17
                                                                        : 1);
    };
    EXPECT_EXIT(check(), testing::ExitedWithCode(17), "");
  }
  const auto unlimited = [] {
    unsetenv(kVariable);
    std::exit(ThisProcessor() == HardwareProcessor() ? 17 : 1);
  };
  EXPECT_EXIT(unlimited(), testing::ExitedWithCode(17), "");
}

}  // namespace
}  // namespace reprise
