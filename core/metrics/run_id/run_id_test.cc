#include "core/metrics/run_id/run_id.h"

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

using ::testing::MatchesRegex;

const absl::Time kLeapDay = absl::FromCivil(
    absl::CivilSecond(2024, 2, 29, 23, 59, 59), absl::UTCTimeZone());

TEST(RunIdTest, HasTheStartInUtcTheHostAndAllRandomBits) {
  EXPECT_EQ(RunIdOf(kLeapDay, "node1", 0x123456789abcdef),
            "20240229T235959Z-node1-0123456789abcdef");
}

TEST(RunIdTest, NothingOfAHostsNameNeedsEscaping) {
  EXPECT_EQ(RunIdOf(kLeapDay, "caf\xc3\xa9 =,1", 0),
            "20240229T235959Z-caf_____1-0000000000000000");
  EXPECT_THAT(MakeRunId(),
              MatchesRegex("[0-9]{8}T[0-9]{6}Z-[-._A-Za-z0-9]+-[0-9a-f]{16}"));
}

TEST(RunIdTest, TwoRunsOfOneSecondHaveTwoIds) {
  EXPECT_NE(MakeRunId(), MakeRunId());
}

}  // namespace
}  // namespace reprise
