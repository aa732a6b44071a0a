#include "core/base/signal_safe_text.h"

#include <cstddef>
#include <cstdint>
#include <string>

#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(SignalSafeText, IsCutToItsMemoryAndClosed) {
  for (size_t size = 0; size < 40; ++size) {
    std::string bytes(40, '?');
    SignalSafeText text(bytes.data(), size);
    text.Add("task ");
    text.Add(int64_t{0});
    text.Add(", step ");
    text.Add(INT64_MAX);
    const std::string whole = "task 0, step 9223372036854775807";
    const std::string expected = whole.substr(0, size == 0 ? 0 : size - 1);
    EXPECT_EQ(std::string(text.get()), expected);
    if (size > 0) {
      EXPECT_EQ(std::string(bytes.c_str()), expected);
    }
    EXPECT_EQ(bytes.substr(size), std::string(40 - size, '?'));
  }
}

}  // namespace
}  // namespace reprise
