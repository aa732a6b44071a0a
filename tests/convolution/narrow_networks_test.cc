// ResNets of any width against the same network in fp64, between pages that
// nobody may touch: oneDNN leaves its memory in convolutions of few channels.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/philox.h"
#include "core/base/status_matchers.h"
#include "gtest/gtest.h"
#include "models/memory_format_table.h"
#include "models/model.h"
#include "models/parameter_store.h"
#include "models/resnet.h"
#include "models/testing/positive_norms.h"
#include "tests/convolution/guarded_memory.h"

namespace reprise {
namespace {

constexpr int64_t kSamples = 2, kClasses = 10;
constexpr int64_t kWidths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 20};

// The largest relative distances: of the logits, and of a parameter's gradient;
// the latter of bottlenecks of one channel, too, which in bf16 are 0.24 away.
// What oneDNN wrote was NaN or many times too large.
struct Precision {
  const char* name;
  at::ScalarType type;
  double logits, gradients, gradients_of_one_channel;
};

constexpr Precision kPrecisions[] = {
    {"fp32", at::kFloat, 5e-6, 2e-4, 2e-4},
    {"bf16", at::kBFloat16, 2e-2, 2.5e-1, 5e-1}};

constexpr at::MemoryFormat kFormats[] = {at::MemoryFormat::ChannelsLast,
                                         at::MemoryFormat::Contiguous};

std::unique_ptr<Model> Network(const ResNetOptions& resnet,
                               at::ScalarType compute_type,
                               at::MemoryFormat format) {
  ModelOptions options;
  options.memory_format = format;
  options.num_classes = kClasses;
  options.compute_type = compute_type;
  options.master_type = compute_type == at::kDouble ? at::kDouble : at::kFloat;
  absl::StatusOr<std::unique_ptr<Model>> model = MakeResNet(resnet, options);
  REPRISE_EXPECT_OK(model);
  ParameterStore& parameters = (*model)->parameters();
  parameters.Initialize(42);
  MakeNormsPositive(parameters);
  return *std::move(model);
}

at::Tensor Drawn(const std::vector<int64_t>& shape, uint32_t number) {
  PhiloxStream stream({42, Purpose::kTest, 7, 0, number});
  at::Tensor values = at::empty(shape, at::kDouble);
  for (int64_t e = 0; e < values.numel(); ++e) {
    values.data_ptr<double>()[e] = stream.NextUniform() - 0.5;
  }
  return values;
}

// The logits, then the gradient of every parameter, in fp64.
std::vector<at::Tensor> Step(const ResNetOptions& resnet, at::ScalarType type,
                             at::MemoryFormat format, const at::Tensor& images,
                             const at::Tensor& gradient) {
  const std::unique_ptr<Model> model = Network(resnet, type, format);
  ParameterStore& parameters = model->parameters();
  ForwardContext training;
  training.training = true;
  const ModelOutput output =
      model->Forward(images.to(type).contiguous(format), training);
  parameters.BeginBackward();
  output.logits.backward(gradient.to(output.logits.scalar_type()));
  parameters.FinishBackward();
  std::vector<at::Tensor> values = {
      output.logits.detach().to(at::kDouble).clone()};
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    values.push_back(
        parameters.gradient(static_cast<int64_t>(i)).to(at::kDouble).clone());
  }
  return values;
}

double Norm(const at::Tensor& tensor) { return tensor.norm().item<double>(); }

// Networks of all widths on images of `side` x `side` pixels.
void CheckDepth(int64_t depth, bool upstream, int64_t side) {
  at::set_num_threads(1);
  const at::Tensor images = Drawn({kSamples, 3, side, side}, 0);
  const at::Tensor gradient = Drawn({kSamples, kClasses}, 1);
  for (const int64_t width : kWidths) {
    const ResNetOptions resnet{depth, width, upstream};
    const std::vector<at::Tensor> exact = Step(
        resnet, at::kDouble, at::MemoryFormat::Contiguous, images, gradient);
    for (int run = 0; run < 4; ++run) {
      const Precision& precision = kPrecisions[run / 2];
      const at::MemoryFormat format = kFormats[run % 2];
      std::vector<at::Tensor> found;
      {
        const GuardedScope guarded(width % 2 == 0 ? GuardedSide::kEnd
                                                  : GuardedSide::kBegin);
        found = Step(resnet, precision.type, format, images, gradient);
      }
      const double logits = Norm(found[0].sub(exact[0])) / Norm(exact[0]);
      // Batch normalisation makes the gradient of a filter's scale 0, which is
      // all of a filter with one weight. Whatever is less than a hundredth of
      // the largest, the filters' in wide networks, is compared with that:
      // memory_format_test compares it closely.
      double largest = 0, worst = 0;
      for (size_t i = 1; i < exact.size(); ++i) {
        largest = std::max(largest, Norm(exact[i]));
      }
      for (size_t i = 1; i < exact.size(); ++i) {
        worst = std::max(worst, Norm(found[i].sub(exact[i])) /
                                    std::max(Norm(exact[i]), 1e-2 * largest));
      }
      const std::string which = absl::StrCat(
          precision.name, " ", NameOf(format), " ", NameOf(resnet));
      std::printf("%s: logits %.1e, gradients %.1e\n", which.c_str(), logits,
                  worst);
      EXPECT_LE(logits, precision.logits) << which;
      const bool one_channel = depth >= 50 && width == 1;
      EXPECT_LE(worst, one_channel ? precision.gradients_of_one_channel
                                   : precision.gradients)
          << which;
    }
  }
  EXPECT_EQ(ChangedPatterns(), 0);
}

TEST(NarrowNetworks, BasicBlocksComputeWhatTheyDoInFp64) {
  UseGuardedMemoryForTensors();
  CheckDepth(18, /*upstream=*/false, /*side=*/32);
  CheckDepth(18, /*upstream=*/true, /*side=*/32);
}

TEST(NarrowNetworks, BottlenecksComputeWhatTheyDoInFp64) {
  UseGuardedMemoryForTensors();
  CheckDepth(50, /*upstream=*/false, /*side=*/16);
  CheckDepth(50, /*upstream=*/true, /*side=*/16);
}

}  // namespace
}  // namespace reprise
