#include "core/device/tensor_gradients.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/transport.h"
#include "core/device/testing/test_device.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kElements = 20001;

// Numbers of all sizes, zeros, what 16 bits cannot hold.
at::Tensor Gradients(at::ScalarType type) {
  at::Tensor values = at::empty({kElements}, at::kDouble);
  std::mt19937 generator(1);
  std::uniform_real_distribution<double> exponent(-12, 4);
  for (int64_t i = 0; i < kElements; ++i) {
    values.data_ptr<double>()[i] =
        i % 11 == 0 ? 0 : (i % 2 ? 1 : -1) * std::pow(10, exponent(generator));
  }
  return values.to(type);
}

at::Tensor OnTestDevice(const at::Tensor& host) {
  return host.to(TestDevice(), host.scalar_type(), /*non_blocking=*/false,
                 /*copy=*/true);
}

// `bytes` bytes of the test device's memory.
std::string BytesAt(void* pointer, size_t bytes) {
  const at::Tensor host =
      at::for_blob(pointer, {static_cast<int64_t>(bytes)})
          .options(at::TensorOptions(at::kByte).device(TestDevice()))
          .target_device(TestDevice())
          .make_tensor()
          .to(at::kCPU);
  return std::string(static_cast<const char*>(host.data_ptr()), bytes);
}

using Parameters = std::tuple<at::ScalarType, int, double>;

class OfAllKinds : public testing::TestWithParam<Parameters> {};

// 0: not compressed, 1: fp16, 2: bf16.
TEST_P(OfAllKinds, TensorGradientsDoBitByBitWhatHostGradientsDo) {
  const auto& [type, compression, factor] = GetParam();
  const at::Tensor of_host = Gradients(type);
  const at::Tensor of_tensor = OnTestDevice(of_host);
  const std::unique_ptr<GradientMemory> host = MakeHostGradients(
      of_host.data_ptr(),
      type == at::kDouble ? DType::kFloat64 : DType::kFloat32);
  const std::unique_ptr<GradientMemory> tensor = MakeTensorGradients(of_tensor);
  ASSERT_EQ(tensor->dtype(), host->dtype());
  bool finite = false;
  for (GradientMemory* memory : {host.get(), tensor.get()}) {
    if (compression > 0) {
      memory->Compress(compression == 1 ? DType::kFloat16 : DType::kBFloat16,
                       kElements);
    }
    memory->Set(0, 84.5);
    EXPECT_EQ(memory->Get(0), 84.5);
    memory->Prepare(1, 7000, 1 / factor);
    memory->Prepare(7001, kElements - 7001, 1 / factor);
  }
  const size_t sent_bytes =
      compression > 0 ? 2 : static_cast<size_t>(of_host.element_size());
  const std::string sent =
      BytesAt(tensor->sent(1), sent_bytes * (kElements - 1));
  EXPECT_EQ(std::memcmp(host->sent(1), sent.data(), sent.size()), 0);
  finite = host->Restore(1, kElements - 1, factor);
  EXPECT_EQ(tensor->Restore(1, kElements - 1, factor), finite);
  const std::string restored = BytesAt(of_tensor.data_ptr(), of_host.nbytes());
  EXPECT_EQ(std::memcmp(of_host.data_ptr(), restored.data(), restored.size()),
            0);
}

INSTANTIATE_TEST_SUITE_P(, OfAllKinds,
                         testing::Values(Parameters{at::kFloat, 0, 1.0},
                                         Parameters{at::kFloat, 0, 3.0},
                                         Parameters{at::kFloat, 1, 1.0},
                                         Parameters{at::kFloat, 1, 0.125},
                                         Parameters{at::kFloat, 1, 3.0},
                                         Parameters{at::kFloat, 2, 1.0},
                                         Parameters{at::kFloat, 2, 3.0},
                                         Parameters{at::kDouble, 0, 3.0}));

// By which a rank that has failed says so.
TEST(TensorGradients, NotANumberStaysSoWhateverItIsSentAs) {
  for (const DType sent_as :
       {DType::kFloat32, DType::kFloat16, DType::kBFloat16}) {
    for (const bool on_host : {true, false}) {
      at::Tensor flat = at::empty({4}, at::kFloat);
      flat.fill_(1.0f);
      if (!on_host) flat = OnTestDevice(flat);
      const std::unique_ptr<GradientMemory> memory =
          on_host ? MakeHostGradients(flat.data_ptr(), DType::kFloat32)
                  : MakeTensorGradients(flat);
      if (sent_as != DType::kFloat32) memory->Compress(sent_as, 4);
      memory->Set(2, std::numeric_limits<double>::quiet_NaN());
      memory->Prepare(1, 3, 2);
      EXPECT_FALSE(memory->Restore(1, 3, 0.5));
      for (const int i : {0, 1, 2, 3}) {
        EXPECT_EQ(std::isnan(flat[i].item<float>()), i == 2);
      }
    }
  }
}

TEST(TensorGradients, SumsBeyondTheRangeAreFoundWhereTheyAreLookedFor) {
  for (const bool on_host : {true, false}) {
    at::Tensor flat = at::empty({4}, at::kFloat);
    flat.fill_(1.0f);
    flat.data_ptr<float>()[3] = std::numeric_limits<float>::infinity();
    if (!on_host) flat = OnTestDevice(flat);
    const std::unique_ptr<GradientMemory> memory =
        on_host ? MakeHostGradients(flat.data_ptr(), DType::kFloat32)
                : MakeTensorGradients(flat);
    EXPECT_TRUE(memory->Restore(1, 3, 1));
    EXPECT_TRUE(memory->Restore(1, 2, 2));
    EXPECT_FALSE(memory->Restore(1, 3, 2));
  }
}

}  // namespace
}  // namespace reprise
