#include "models/model_table.h"

#include <cstdint>
#include <memory>
#include <string>

#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"
#include "models/input_shape.h"

namespace reprise {
namespace {

int64_t Parameters(const ModelChoice& choice, int64_t num_classes = 10) {
  ModelOptions options;
  options.num_classes = num_classes;
  const auto model = MakeModel(choice, options);
  EXPECT_TRUE(model.ok()) << model.status();
  return (*model)->parameters().layout().num_values();
}

TEST(ModelTable, ParameterCountsAreTheDocumentedOnes) {
  EXPECT_EQ(Parameters({"mnistnet"}), 99376);
  EXPECT_EQ(Parameters({"resnet", {18}}), 11173962);
  EXPECT_EQ(Parameters({"resnet", {34}}), 21282122);
  EXPECT_EQ(Parameters({"resnet", {50}}), 23520842);
  EXPECT_EQ(Parameters({"resnet", {101}}), 42512970);
  EXPECT_EQ(Parameters({"resnet", {152}}), 58156618);
  EXPECT_EQ(Parameters({"candlenet"}, 2), 154922918);
}

TEST(ModelTable, UpstreamsResNetHasThreeStagesWhateverTheDepth) {
  EXPECT_EQ(Parameters({"resnet", {34, 0, /*upstream=*/true}}), 1087090);
  for (const int64_t depth : {50, 101, 152}) {
    EXPECT_EQ(Parameters({"resnet", {depth, 0, /*upstream=*/true}}), 1902922);
  }
}

TEST(ModelTable, AChoiceHasTheNameOfItsModel) {
  for (const ModelChoice& choice :
       {ModelChoice{"mnistnet"}, ModelChoice{"resnet", {50}},
        ModelChoice{"resnet", {18, 4, /*upstream=*/true}}}) {
    EXPECT_EQ(NameOf(choice), (*MakeModel(choice, {}))->name());
  }
  EXPECT_EQ(NameOf(ModelChoice{"candlenet"}), "candlenet");
}

TEST(ModelTable, AModelSaysWhatItReads) {
  EXPECT_EQ(TextOf((*MakeModel({"mnistnet"}, {}))->input_shape()), "1x28x28");
  EXPECT_EQ(TextOf((*MakeModel({"resnet", {18}}, {}))->input_shape()),
            "3x32x32");
}

TEST(ModelTable, OtherDepthsAndNamesAreUsageErrors) {
  const absl::Status depth =
      MakeModel({"resnet", {35}}, ModelOptions{}).status();
  EXPECT_EQ(ExitCodeOf(depth), ExitCode::kUsage);
  EXPECT_EQ(depth.message(),
            "resnet: expected depth 18, 34, 50, 101 or 152, found 35");
  const absl::Status name = MakeModel({"vgg"}, ModelOptions{}).status();
  EXPECT_EQ(ExitCodeOf(name), ExitCode::kUsage);
  EXPECT_EQ(name.message().substr(0, 24), "expected model mnistnet,");
}

TEST(ModelTable, AClonedNetworkIsLeftAloneByItsOriginal) {
  const auto model = MakeModel({"resnet", {18, 4}}, ModelOptions{});
  REPRISE_ASSERT_OK(model.status());
  (*model)->parameters().Initialize(3);
  const std::unique_ptr<Model> clone = (*model)->Clone();
  EXPECT_EQ(clone->name(), (*model)->name());
  const double sum = clone->parameters().master().sum().item<double>();
  EXPECT_EQ(sum, (*model)->parameters().master().sum().item<double>());
  (*model)->parameters().master().zero_();
  (*model)->running_statistics().means().fill_(7);
  EXPECT_EQ(sum, clone->parameters().master().sum().item<double>());
  EXPECT_EQ(0, clone->running_statistics().means().sum().item<double>());
}

}  // namespace
}  // namespace reprise
