#include "core/device/testing/protected_device.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/max_pool2d.h>
#include <c10/core/Event.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <cstdint>
#include <cstdio>

#include "gtest/gtest.h"

namespace reprise {
namespace {

at::Tensor Numbers(at::IntArrayRef sizes) {
  const at::Tensor values = at::empty(sizes, at::kFloat);
  for (int64_t i = 0; i < values.numel(); ++i) {
    values.data_ptr<float>()[i] = static_cast<float>((7 * i + 3) % 11) - 5;
  }
  return values;
}

TEST(ProtectedDeviceDeathTest, ItsMemoryCannotBeReadByTheHost) {
  const at::Tensor there = Numbers({3}).to(ProtectedDevice());
  EXPECT_EQ(there[1].item<float>(), 5);
  volatile const float* const pointer = there.data_ptr<float>();
  EXPECT_DEATH(std::printf("%f", pointer[1]), "");
}

TEST(ProtectedDevice, RefusesTensorsOfTwoDevices) {
  const at::Tensor host = Numbers({3});
  const at::Tensor there = host.to(ProtectedDevice());
  EXPECT_ANY_THROW(there.add(host));
  EXPECT_ANY_THROW(at::cat({there, host}));
  EXPECT_TRUE(at::equal(there.add(1).to(at::kCPU), host.add(1)));
}

TEST(ProtectedDevice, ComputesWhatTheCpuDoesViewsAndGradientsIncluded) {
  const auto gradient_on = [](at::Device device) {
    const at::Tensor flat = Numbers({500}).to(device);
    at::Tensor weight =
        flat.narrow(0, 20, 2 * 3 * 9).view({2, 3, 3, 3}).detach();
    weight.set_requires_grad(true);
    const at::Tensor input = Numbers({4, 3, 9, 9}).to(device);
    at::max_pool2d(at::conv2d(input, weight), 2).pow(2).sum().backward();
    // In place, through a view.
    flat.select(0, 20).fill_(100);
    EXPECT_EQ(weight[0][0][0][0].item<float>(), 100);
    return weight.grad().to(at::kCPU);
  };
  EXPECT_TRUE(at::equal(gradient_on(ProtectedDevice()), gradient_on(at::kCPU)));
}

TEST(ProtectedDevice, CountsWhatTheHostWaitsFor) {
  const c10::Device device = ProtectedDevice();
  const at::Tensor host = Numbers({3});
  const auto waits = [](auto&& work) {
    const int64_t before = SynchronisationsOfProtectedDevice();
    work();
    return SynchronisationsOfProtectedDevice() - before;
  };
  at::Tensor there;
  EXPECT_EQ(waits([&] { there = host.to(device); }), 1);
  EXPECT_EQ(waits([&] {
              there = host.to(device, at::kFloat, /*non_blocking=*/true);
            }),
            0);
  EXPECT_EQ(waits([&] { there = there.add(1).mul(there).clone(); }), 0);
  EXPECT_EQ(waits([&] { there.to(at::kCPU); }), 1);
  EXPECT_EQ(waits([&] { there.sum().item<float>(); }), 1);
  EXPECT_EQ(waits([&] { at::equal(there, there); }), 1);
}

TEST(ProtectedDevice, TakesTheTimeOfItsWorkByEvents) {
  const c10::Device device = ProtectedDevice();
  const c10::Stream stream =
      c10::impl::getDeviceGuardImpl(device.type())->getStream(device);
  c10::Event begin(device.type(), c10::EventFlag::BACKEND_DEFAULT);
  c10::Event end(device.type(), c10::EventFlag::BACKEND_DEFAULT);
  begin.record(stream);
  const at::Tensor work =
      Numbers({100, 100}).to(device).matmul(Numbers({100, 100}).to(device));
  end.record(stream);
  end.synchronize();
  EXPECT_TRUE(begin.query() && end.query());
  EXPECT_GT(begin.elapsedTime(end), 0);
  const double before = begin.elapsedTime(end);
  end.record(stream);
  EXPECT_GT(begin.elapsedTime(end), before);
}

}  // namespace
}  // namespace reprise
