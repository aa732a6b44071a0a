#include "core/base/dtype.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr DType kAll[] = {DType::kUint8,   DType::kInt32,    DType::kInt64,
                          DType::kFloat16, DType::kBFloat16, DType::kFloat32,
                          DType::kFloat64};

TEST(DType, NamesAreDistinctAndEndInTheNumberOfBits) {
  std::set<std::string> names;
  for (const DType dtype : kAll) {
    const std::string name = DTypeName(dtype);
    EXPECT_TRUE(names.insert(name).second) << name;
    const std::string bits = std::to_string(8 * SizeInBytes(dtype));
    ASSERT_GT(name.size(), bits.size());
    EXPECT_EQ(name.substr(name.size() - bits.size()), bits) << name;
  }
}

TEST(DType, FloatsAreThoseWithAFraction) {
  for (const DType dtype : kAll) {
    const bool named_float =
        std::string(DTypeName(dtype)).find("float") != std::string::npos;
    EXPECT_EQ(IsFloat(dtype), named_float) << DTypeName(dtype);
  }
}

}  // namespace
}  // namespace reprise
