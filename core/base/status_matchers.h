// GoogleTest helpers for Status and StatusOr.
//
//   REPRISE_ASSERT_OK_AND_ASSIGN(Dataset dataset, ReadMnist(folder));
//   EXPECT_THAT(ReadMnist(folder), FailsWith("expected 60000 labels"));
#ifndef REPRISE_CORE_BASE_STATUS_MATCHERS_H_
#define REPRISE_CORE_BASE_STATUS_MATCHERS_H_

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "core/base/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace status_matchers_internal {

inline const absl::Status& GetStatus(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& GetStatus(const absl::StatusOr<T>& status_or) {
  return status_or.status();
}

}  // namespace status_matchers_internal

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  if (!status.ok()) *result_listener << status.ToString();
  return status.ok();
}

// Fails, and the message holds `text`.
MATCHER_P(FailsWith, text,
          "fails with a message holding '" + std::string(text) + "'") {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << status.ToString();
  return !status.ok() && absl::StrContains(status.message(), text);
}

// Fails with the exit code `code`.
MATCHER_P(ExitsWith, code, "") {
  const absl::Status& status = status_matchers_internal::GetStatus(arg);
  *result_listener << status.ToString() << " exits with "
                   << static_cast<int>(ExitCodeOf(status));
  return ExitCodeOf(status) == code;
}

}  // namespace reprise

#define REPRISE_ASSERT_OK(expression) \
  ASSERT_THAT((expression), ::reprise::IsOk())
#define REPRISE_EXPECT_OK(expression) \
  EXPECT_THAT((expression), ::reprise::IsOk())
#define REPRISE_ASSERT_OK_AND_ASSIGN(declaration, expression)           \
  REPRISE_ASSERT_OK_AND_ASSIGN_IMPL(                                    \
      REPRISE_STATUS_CONCAT(reprise_status_or_, __LINE__), declaration, \
      expression)
#define REPRISE_ASSERT_OK_AND_ASSIGN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                                              \
  ASSERT_THAT(temporary, ::reprise::IsOk());                                  \
  declaration = *std::move(temporary)

#endif  // REPRISE_CORE_BASE_STATUS_MATCHERS_H_
