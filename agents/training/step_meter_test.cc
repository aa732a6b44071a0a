#include "agents/training/step_meter.h"

#include <ATen/ops/empty.h>

#include <cmath>
#include <cstdint>
#include <limits>

#include "agents/agent.h"
#include "agents/batch.h"
#include "core/base/philox.h"
#include "core/base/state.h"
#include "core/base/status_matchers.h"
#include "core/device/testing/test_device.h"
#include "core/metrics/metric_sink.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

constexpr int64_t kClasses = 8;

// Step `step` of an epoch: some incoming samples and some representatives.
struct Step {
  explicit Step(uint32_t step, c10::Device device) {
    PhiloxStream numbers({7, Purpose::kTest, 0, step, 0});
    batch.step_of_epoch = step;
    batch.incoming = 5;
    const int64_t n = 5 + step % 3;
    logits = at::empty({n, kClasses}, at::TensorOptions(at::kFloat));
    loss.losses = at::empty({n}, at::TensorOptions(at::kDouble));
    for (int64_t i = 0; i < n; ++i) {
      const auto label = static_cast<int32_t>(numbers.NextBelow(kClasses));
      batch.Append({nullptr, label, 100 * step + i}, i < 5 ? 1.0f : 0.5f, i);
      loss.losses.data_ptr<double>()[i] = numbers.NextUniform();
      for (int64_t c = 0; c < kClasses; ++c) {
        logits.data_ptr<float>()[i * kClasses + c] =
            static_cast<float>(numbers.NextUniform());
      }
    }
    batch.MakeLossTensors(device);
    if (step % 2 == 1) loss.objective_factors = loss.losses.mul(3);
    Move(device);
  }

  void Move(c10::Device device) {
    logits = logits.to(device);
    loss.losses = loss.losses.to(device);
    if (loss.objective_factors.defined()) {
      loss.objective_factors = loss.objective_factors.to(device);
    }
  }

  Batch batch;
  LossResult loss;
  at::Tensor logits;
};

TrainEpochRecord RecordOf(StepMeter& meter) {
  TrainMeter collected;
  int64_t step = -1;
  REPRISE_EXPECT_OK(meter.Collect(&collected, &step));
  EXPECT_EQ(step, -1);
  TrainEpochRecord record;
  collected.Fill(&record);
  return record;
}

void ExpectSame(const TrainEpochRecord& a, const TrainEpochRecord& b,
                double tolerance) {
  EXPECT_NEAR(a.loss, b.loss, tolerance);
  EXPECT_EQ(a.top1, b.top1);
  EXPECT_EQ(a.top5, b.top5);
  EXPECT_EQ(a.incoming_samples, b.incoming_samples);
  EXPECT_EQ(a.representatives, b.representatives);
}

TEST(StepMeter, IsTheSameWhereverLossesAre) {
  StepMeter host, device;
  for (uint32_t s = 0; s < 6; ++s) {
    const Step on_host(s, at::kCPU), on_device(s, TestDevice());
    REPRISE_EXPECT_OK(host.Add(on_host.batch, on_host.loss, on_host.logits));
    REPRISE_EXPECT_OK(
        device.Add(on_device.batch, on_device.loss, on_device.logits));
  }
  ExpectSame(RecordOf(device), RecordOf(host), 1e-12);
  EXPECT_GT(RecordOf(host).representatives, 0);
}

// However often it is collected, saved and loaded, to the last bit.
TEST(StepMeter, DoesNotDependOnWhenItIsAsked) {
  StepMeter once;
  StepMeter often;
  for (uint32_t s = 0; s < 7; ++s) {
    const Step step(s, TestDevice());
    REPRISE_EXPECT_OK(once.Add(step.batch, step.loss, step.logits));
    REPRISE_EXPECT_OK(often.Add(step.batch, step.loss, step.logits));
    RecordOf(often);
    if (s % 2 == 1) {
      State state;
      often.SaveState(StateWriter(&state));
      often = StepMeter();
      const StateReader reader(&state);
      REPRISE_ASSERT_OK(often.LoadState(reader));
      REPRISE_EXPECT_OK(reader.CheckAllRead());
    }
  }
  ExpectSame(RecordOf(often), RecordOf(once), 0);
  once.Restart();
  EXPECT_EQ(RecordOf(once).incoming_samples, 0);
}

TEST(StepMeter, NamesTheStepAndTheSamplesWhoseLossIsNotFinite) {
  const c10::Device device = TestDevice();
  StepMeter meter;
  absl::Status failure;
  int64_t step_of_failure = -1;
  for (uint32_t s = 0; s < 5; ++s) {
    Step step(s, device);
    if (s >= 2) {
      step.loss.losses[1].fill_(std::numeric_limits<double>::quiet_NaN());
      step.loss.losses[4].fill_(std::numeric_limits<double>::infinity());
    }
    const absl::Status added = meter.Add(step.batch, step.loss, step.logits);
    EXPECT_EQ(added.ok(), s < 2 || !device.is_cpu());
    if (failure.ok()) failure = added;
    if (!device.is_cpu()) {
      EXPECT_EQ(meter.last_is_finite().item<bool>(), s < 2);
    }
  }
  if (!device.is_cpu()) {
    TrainMeter unused;
    failure = meter.Collect(&unused, &step_of_failure);
    EXPECT_EQ(step_of_failure, 2);
  }
  EXPECT_THAT(failure, FailsWith("the loss is not finite for 2 of 7 samples "
                                 "(training rows 201, 204); lower --lr"));
}

}  // namespace
}  // namespace reprise
