#include "models/model_weights.h"

#include <ATen/ops/equal.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/status_matchers.h"
#include "core/checkpoint/safetensors.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "models/mnistnet.h"
#include "models/resnet.h"

namespace reprise {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string TestPath() { return testing::TempDir() + "weights.safetensors"; }

std::unique_ptr<Model> NewModel(uint64_t seed,
                                at::ScalarType master_type = at::kFloat,
                                at::ScalarType compute_type = at::kFloat) {
  ModelOptions options;
  options.master_type = master_type;
  options.compute_type = compute_type;
  std::unique_ptr<Model> model = MakeMnistNet(options);
  model->parameters().Initialize(seed);
  return model;
}

TEST(ModelWeightsTest, SavedWeightsAreLoadedBitForBitWithAndWithoutACopy) {
  for (const auto& [master, compute] :
       {std::pair(at::kFloat, at::kFloat), std::pair(at::kDouble, at::kDouble),
        std::pair(at::kFloat, at::kBFloat16)}) {
    const auto saved = NewModel(1, master, compute);
    REPRISE_ASSERT_OK(SaveWeights(*saved, TestPath(), {{"seed", "1"}}));
    const auto loaded = NewModel(2, master, compute);
    EXPECT_FALSE(
        at::equal(saved->parameters().master(), loaded->parameters().master()));
    REPRISE_ASSERT_OK(LoadWeights(TestPath(), *loaded));
    EXPECT_TRUE(
        at::equal(saved->parameters().master(), loaded->parameters().master()));
    for (size_t i = 0; i < saved->parameters().specs().size(); ++i) {
      EXPECT_TRUE(
          at::equal(saved->parameters().leaf(i), loaded->parameters().leaf(i)));
    }
  }
}

TEST(ModelWeightsTest, RunningStatisticsTravelWithTheWeights) {
  const ResNetOptions small = {/*depth=*/18, /*width=*/4};
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Model> saved,
                               MakeResNet(small, ModelOptions{}));
  saved->parameters().Initialize(1);
  saved->running_statistics().means().fill_(0.25);
  saved->running_statistics().variance(3).fill_(2.5);
  saved->running_statistics().set_batches_tracked(17);
  REPRISE_ASSERT_OK(SaveWeights(*saved, TestPath(), {}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const std::unique_ptr<Model> loaded,
                               MakeResNet(small, ModelOptions{}));
  REPRISE_ASSERT_OK(LoadWeights(TestPath(), *loaded));
  EXPECT_TRUE(at::equal(saved->running_statistics().means(),
                        loaded->running_statistics().means()));
  EXPECT_TRUE(at::equal(saved->running_statistics().variances(),
                        loaded->running_statistics().variances()));
  EXPECT_EQ(loaded->running_statistics().batches_tracked(), 17);
  EXPECT_TRUE(
      at::equal(saved->parameters().master(), loaded->parameters().master()));
}

TEST(ModelWeightsTest, TheFileHasPyTorchsNamesShapesAndElementOrder) {
  const auto model = NewModel(1);
  REPRISE_ASSERT_OK(SaveWeights(*model, TestPath(), {{"seed", "1"}}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file,
                               Safetensors::Read(TestPath()));
  EXPECT_THAT(file.metadata(), ElementsAre(testing::Pair("format", "pt"),
                                           testing::Pair("model", "mnistnet"),
                                           testing::Pair("seed", "1")));
  ASSERT_THAT(file.tensors(), SizeIs(8));
  std::vector<std::string> names;
  for (const StoredTensor& tensor : file.tensors()) {
    names.push_back(tensor.name);
  }
  EXPECT_THAT(names, ElementsAre("conv1.bias", "conv1.weight", "conv2.bias",
                                 "conv2.weight", "fc1.bias", "fc1.weight",
                                 "fc2.bias", "fc2.weight"));
  // Not the channels-last order that the weight has in memory.
  const StoredTensor& conv2 = file.tensors()[3];
  ASSERT_THAT(conv2.shape, ElementsAre(64, 32, 3, 3));
  auto at_index = [&](int o, int i, int h, int w) {
    float value;
    std::memcpy(&value,
                conv2.bytes.data() + (((o * 32 + i) * 3 + h) * 3 + w) * 4, 4);
    return value;
  };
  const at::Tensor& leaf = model->parameters().leaf(2);
  EXPECT_EQ(at_index(0, 0, 0, 1), leaf[0][0][0][1].item<float>());
  EXPECT_EQ(at_index(5, 30, 2, 1), leaf[5][30][2][1].item<float>());
}

TEST(ModelWeightsTest, EveryProblemIsToldAndTheModelStaysAsItWas) {
  const auto model = NewModel(1);
  REPRISE_ASSERT_OK(SaveWeights(*model, TestPath(), {}));
  REPRISE_ASSERT_OK_AND_ASSIGN(const Safetensors file,
                               Safetensors::Read(TestPath()));
  std::vector<StoredTensor> tensors = file.tensors();
  tensors[0].name = "conv1.bia";    // extra and missing
  tensors[1].shape = {32, 1, 9};    // as many elements
  tensors[2].type = DType::kInt64;  // conv2.bias
  tensors[2].shape = {32};
  REPRISE_ASSERT_OK(WriteSafetensors(TestPath(), tensors, {}));
  const auto loaded = NewModel(2);
  const at::Tensor before = loaded->parameters().master().clone();
  const absl::Status status = LoadWeights(TestPath(), *loaded);
  EXPECT_THAT(status, ExitsWith(ExitCode::kData));
  EXPECT_THAT(status, FailsWith(TestPath()));
  EXPECT_THAT(status, FailsWith("not the weights of this mnistnet"));
  EXPECT_THAT(status, FailsWith("conv1.bias is missing"));
  EXPECT_THAT(status,
              FailsWith("conv1.weight: expected F32 [32, 1, 3, 3], found F32 "
                        "[32, 1, 9]"));
  EXPECT_THAT(status,
              FailsWith("conv2.bias: expected F32 [64], found I64 [32]"));
  EXPECT_THAT(status,
              FailsWith("conv1.bia F32 [32] is not a tensor of the model"));
  EXPECT_TRUE(at::equal(before, loaded->parameters().master()));
}

TEST(ModelWeightsTest, WeightsOfAnotherPrecisionOrHeadAreRefused) {
  REPRISE_ASSERT_OK(SaveWeights(*NewModel(1), TestPath(), {}));
  EXPECT_THAT(LoadWeights(TestPath(), *NewModel(2, at::kDouble, at::kDouble)),
              FailsWith("expected F64 [10], found F32 [10]"));
  ModelOptions options;
  options.num_classes = 7;
  const auto small = MakeMnistNet(options);
  EXPECT_THAT(
      LoadWeights(TestPath(), *small),
      FailsWith("fc2.weight: expected F32 [7, 50], found F32 [10, 50]"));
}

}  // namespace
}  // namespace reprise
