#include "core/base/nearest_name.h"

#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(NearestName, ForgivesOneMistakeInThreeLetters) {
  EXPECT_EQ(NearestName("mnits", {"cifar10", "mnist"}), "mnist");  // swapped
  EXPECT_EQ(NearestName("bach-size", {"seed", "batch-size"}), "batch-size");
  EXPECT_EQ(NearestName("rum", {"run", "data"}), "run");
  EXPECT_EQ(NearestName("xyz", {"run", "data"}), "");
}

TEST(NearestName, CompletesWhatIsUnfinished) {
  EXPECT_EQ(NearestName("grad", {"lr", "gradient-predivide-factor"}),
            "gradient-predivide-factor");
  EXPECT_EQ(NearestName("gr", {"gradient-predivide-factor"}), "");
}

TEST(NearestName, HasNoneForNothingNorForWhatIsNoTypo) {
  EXPECT_EQ(NearestName("", {"run"}), "");
  EXPECT_EQ(NearestName("run", {}), "");
  EXPECT_EQ(NearestName(std::string(65, 'a'), {std::string(65, 'a')}), "");
}

TEST(DidYouMean, IsAHalfSentenceOrNothing) {
  EXPECT_EQ(DidYouMean("rum", {"run"}), "; did you mean run?");
  EXPECT_EQ(DidYouMean("stray", {"run"}), "");
}

}  // namespace
}  // namespace reprise
