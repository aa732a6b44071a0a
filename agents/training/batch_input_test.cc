#include "agents/training/batch_input.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/from_blob.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "core/base/sample.h"
#include "core/device/testing/test_device.h"
#include "core/tensor/gather_normalize.h"
#include "data/dataset.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

RowFormat Images(int64_t channels) {
  RowFormat format;
  format.channels = channels;
  format.height = 7;
  format.width = 9;
  for (int64_t c = 0; c < channels; ++c) {
    format.mean.push_back(0.4 + 0.1 * static_cast<double>(c));
    format.stddev.push_back(0.2 + 0.05 * static_cast<double>(c));
  }
  return format;
}

RowFormat Expressions() {
  RowFormat format;
  format.element = DType::kFloat32;
  format.width = 60;
  for (int64_t e = 0; e < 60; ++e) {
    format.element_scale.push_back(0.3f + 0.01f * static_cast<float>(e));
  }
  return format;
}

// Rows of random bytes, or of random fp32 values.
std::vector<std::byte> Rows(const RowFormat& format, int64_t rows) {
  std::mt19937 generator(7);
  std::vector<std::byte> bytes(rows * format.row_bytes());
  if (format.element == DType::kUint8) {
    for (std::byte& byte : bytes) byte = std::byte(generator() % 256);
  } else {
    for (size_t i = 0; i < bytes.size(); i += sizeof(float)) {
      const float value = std::normal_distribution<float>()(generator);
      std::memcpy(&bytes[i], &value, sizeof(value));
    }
  }
  return bytes;
}

// Some moved out of their image as a whole.
std::vector<Placement> Placements(int64_t count) {
  std::mt19937 generator(3);
  std::vector<Placement> placements;
  for (int64_t i = 0; i < count; ++i) {
    placements.push_back({static_cast<int8_t>(generator() % 19 - 9),
                          static_cast<int8_t>(generator() % 23 - 11),
                          generator() % 2 == 0});
  }
  return placements;
}

void CheckDeviceRows(const RowFormat& format, bool placed) {
  constexpr int64_t kRows = 12, kSamples = 30;
  const std::vector<std::byte> bytes = Rows(format, kRows);
  const at::Tensor device_bytes =
      at::from_blob(const_cast<std::byte*>(bytes.data()),
                    {static_cast<int64_t>(bytes.size())}, at::kByte)
          .to(TestDevice());
  std::vector<Sample> samples, of_device;
  for (int64_t i = 0; i < kSamples; ++i) {
    const int64_t row = i * 5 % kRows * format.row_bytes();
    samples.push_back({bytes.data() + row, 0, i});
    of_device.push_back(
        {static_cast<const std::byte*>(device_bytes.data_ptr()) + row, 0, i});
  }
  const std::vector<Placement> placements =
      placed ? Placements(kSamples) : std::vector<Placement>();
  const BatchInput input(format);
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kDouble}) {
    const at::Tensor expected = input.Make(samples, placements, type, at::kCPU);
    for (const int64_t on_device : {int64_t{1}, int64_t{11}, kSamples}) {
      std::vector<Sample> mixed(samples.begin(), samples.end() - on_device);
      mixed.insert(mixed.end(), of_device.end() - on_device, of_device.end());
      const at::Tensor made =
          input.Make(mixed, placements, type, TestDevice(), on_device);
      EXPECT_EQ(made.strides(), expected.strides());
      EXPECT_TRUE(at::equal(made.to(at::kCPU), expected))
          << format.channels << " channels, " << on_device << " on the device";
    }
  }
}

TEST(BatchInput, OfDeviceRowsIsThatOfHostRowsBitByBit) {
  for (const bool placed : {false, true}) {
    CheckDeviceRows(Images(1), placed);
    CheckDeviceRows(Images(3), placed);
  }
  CheckDeviceRows(Expressions(), /*placed=*/false);
}

}  // namespace
}  // namespace reprise
