#include "core/base/status.h"

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

TEST(StatusTest, EachKindOfFailureLeadsToItsDocumentedExitCode) {
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::OkStatus())), 0);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(absl::InternalError("x"))), 1);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(UsageError("x"))), 2);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(DataError("x"))), 3);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(DistributedError("x"))), 4);
  EXPECT_EQ(static_cast<int>(ExitCodeOf(StorageError("x"))), 5);
}

TEST(StatusTest, AnAnnotationGoesInFrontAndKeepsTheExitCode) {
  const absl::Status annotated = Annotate(StorageError("disk full"), "rank 3");
  EXPECT_EQ(annotated.message(), "rank 3: disk full");
  EXPECT_EQ(annotated.code(), StorageError("").code());
  EXPECT_THAT(annotated, ExitsWith(ExitCode::kStorage));
}

TEST(StatusTest, AnAnnotationOfSuccessIsSuccess) {
  EXPECT_THAT(Annotate(absl::OkStatus(), "rank 3"), IsOk());
}

TEST(StatusTest, ReturnIfErrorReturnsOnlyFailures) {
  auto after = [](const absl::Status& status) -> absl::Status {
    REPRISE_RETURN_IF_ERROR(status);
    return absl::InternalError("reached the end");
  };
  EXPECT_THAT(after(absl::OkStatus()), FailsWith("reached the end"));
  EXPECT_THAT(after(DataError("bad row")), ExitsWith(ExitCode::kData));
}

TEST(StatusTest, AssignOrReturnMovesTheValueOut) {
  auto twice =
      [](absl::StatusOr<std::unique_ptr<int>> value) -> absl::StatusOr<int> {
    REPRISE_ASSIGN_OR_RETURN(const std::unique_ptr<int> number,
                             std::move(value));
    return 2 * *number;
  };
  REPRISE_ASSERT_OK_AND_ASSIGN(const int four, twice(std::make_unique<int>(2)));
  EXPECT_EQ(four, 4);
  EXPECT_THAT(twice(UsageError("no number")), FailsWith("no number"));
}

}  // namespace
}  // namespace reprise
