#include "core/comm/gradients/gradient_reducer.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/parameter_layout.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "core/comm/transport.h"
#include "gtest/gtest.h"

namespace reprise {

bool operator==(const GradientReducer::Bucket& a,
                const GradientReducer::Bucket& b) {
  return a.offset == b.offset && a.count == b.count &&
         a.first_parameter == b.first_parameter && a.parameters == b.parameters;
}

namespace {

using Buckets = std::vector<GradientReducer::Bucket>;

Buckets Plan(const std::vector<int64_t>& sizes, int64_t first_bucket_bytes,
             int64_t bucket_bytes) {
  Buckets buckets;
  RunRanksAsThreads(1, [&](Communicator& communicator) {
    GradientReducer::Options options;
    options.first_bucket_bytes = first_bucket_bytes;
    options.bucket_bytes = bucket_bytes;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(communicator, ParameterLayout(sizes),
                                MakeHostGradients(nullptr, DType::kFloat32),
                                options));
    buckets = reducer->buckets();
  });
  return buckets;
}

TEST(Buckets, HoldWholeSlotsFromTheLastToTheFirst) {
  EXPECT_EQ(Plan({100, 10, 50, 5, 20}, /*first=*/256, /*others=*/384),
            (Buckets{{256, 64, 3, 2}, {160, 96, 1, 2}, {0, 160, 0, 1}}));
}

TEST(Buckets, GiveAParameterBeyondTheLimitABucketOfItsOwn) {
  EXPECT_EQ(Plan({10, 5000, 10}, 100, 100),
            (Buckets{{5088, 32, 2, 1}, {64, 5024, 1, 1}, {0, 64, 0, 1}}));
}

TEST(Buckets, HoldTheWeightSumEvenWithoutParameters) {
  EXPECT_EQ(Plan({}, 100, 100), (Buckets{{0, 32, 0, 0}}));
  EXPECT_EQ(Plan({0}, 100, 100), (Buckets{{0, 32, 0, 1}}));
}

TEST(GradientReducer, ReducesTheWeightSumOfAModelWithoutParameters) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    std::vector<float> flat(ParameterLayout({}).gradients_length());
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(communicator, ParameterLayout({}),
                                MakeHostGradients(flat.data(), DType::kFloat32),
                                {}));
    reducer->BeginStep(2);
    REPRISE_ASSERT_OK_AND_ASSIGN(const StepReduction reduction,
                                 reducer->Finish());
    EXPECT_EQ(reduction.weight_sum, 6);
  });
}

// In the memory of the host; Prepare throws where it is told to, once.
class FaultyGradients final : public GradientMemory {
 public:
  explicit FaultyGradients(float* flat)
      : inside_(MakeHostGradients(flat, DType::kFloat32)) {}
  void FailNext() { fails_ = true; }

  DType dtype() const override { return inside_->dtype(); }
  void Compress(DType dtype, int64_t elements) override {
    inside_->Compress(dtype, elements);
  }
  void Set(int64_t element, double value) override {
    inside_->Set(element, value);
  }
  double Get(int64_t element) override { return inside_->Get(element); }
  void* at(int64_t element) override { return inside_->at(element); }
  void* sent(int64_t offset) override { return inside_->sent(offset); }
  void Prepare(int64_t offset, int64_t count, double factor) override {
    if (std::exchange(fails_, false)) throw std::runtime_error("no memory");
    inside_->Prepare(offset, count, factor);
  }
  bool Restore(int64_t offset, int64_t count, double factor) override {
    return inside_->Restore(offset, count, factor);
  }

 private:
  const std::unique_ptr<GradientMemory> inside_;
  bool fails_ = false;
};

TEST(GradientReducer, ABucketThatCouldNotBePreparedCanBeMarkedAgain) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    for (const int64_t faulty : {1, 0}) {
      const ParameterLayout layout({10, 10});
      std::vector<float> flat(layout.gradients_length(), 1.0f);
      auto memory = std::make_unique<FaultyGradients>(flat.data());
      FaultyGradients& gradients = *memory;
      GradientReducer::Options options;
      options.first_bucket_bytes = options.bucket_bytes = 1;
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const std::unique_ptr<GradientReducer> reducer,
          GradientReducer::Create(communicator, layout, std::move(memory),
                                  options));
      reducer->BeginStep(1);
      if (communicator.rank() == 1) {
        if (faulty == 0) reducer->MarkReady(1);
        gradients.FailNext();
        EXPECT_THROW(reducer->MarkReady(faulty), std::runtime_error);
        reducer->Fail();
      }
      reducer->MarkAllReady();
      REPRISE_ASSERT_OK_AND_ASSIGN(const StepReduction reduction,
                                   reducer->Finish());
      EXPECT_FALSE(reduction.finite);
      EXPECT_EQ(flat[layout.gradient_offset(1)], 2);
    }
  });
}

// Of two ranks, whose collectives do nothing and take the times that they are
// told.
class ScriptedTransport final : public Transport {
 public:
  explicit ScriptedTransport(std::vector<CollectiveTimes> times)
      : times_(std::move(times)) {
    info_.world_size = 2;
  }

  const RankInfo& info() const override { return info_; }
  absl::StatusOr<std::unique_ptr<Pending>> Start(const Collective&) override {
    return std::make_unique<ScriptedPending>(times_[next_++]);
  }
  void Abort(const absl::Status&) override {}
  absl::Status Finalize() override { return absl::OkStatus(); }

 private:
  struct ScriptedPending final : public Pending {
    explicit ScriptedPending(const CollectiveTimes& times) : scripted(times) {}
    absl::StatusOr<bool> Test() override { return true; }
    std::optional<CollectiveTimes> Times() const override { return scripted; }
    const CollectiveTimes scripted;
  };

  RankInfo info_;
  const std::vector<CollectiveTimes> times_;
  size_t next_ = 0;
};

// Of two buckets (ready, begun, completed): the union of their times, split
// where the second is ready; it may be so before the first, whose turn it is.
TEST(GradientReducer, OverlapIsWhatLiesBeforeTheLastBucketIsReady) {
  const absl::Time zero = absl::UnixEpoch();
  const auto reduce = [&](const std::vector<std::vector<int>>& seconds) {
    std::vector<CollectiveTimes> times;
    for (const std::vector<int>& one : seconds) {
      times.push_back({zero + absl::Seconds(one[0]),
                       zero + absl::Seconds(one[1]),
                       zero + absl::Seconds(one[2])});
    }
    const auto communicator = Communicator::Create(
        [&] { return std::make_unique<ScriptedTransport>(times); });
    REPRISE_EXPECT_OK(communicator);
    const ParameterLayout layout({10, 10});
    std::vector<float> flat(layout.gradients_length());
    GradientReducer::Options options;
    options.first_bucket_bytes = options.bucket_bytes = 1;
    const absl::StatusOr<std::unique_ptr<GradientReducer>> reducer =
        GradientReducer::Create(**communicator, layout,
                                MakeHostGradients(flat.data(), DType::kFloat32),
                                options);
    (*reducer)->BeginStep(1);
    (*reducer)->MarkAllReady();
    const absl::StatusOr<StepReduction> reduction = (*reducer)->Finish();
    REPRISE_EXPECT_OK(reduction);
    REPRISE_EXPECT_OK((*communicator)->Finalize());
    return std::vector<double>{reduction->busy_seconds,
                               reduction->overlapped_seconds};
  };
  EXPECT_EQ(reduce({{0, 1, 4}, {6, 6, 9}}), (std::vector<double>{6, 3}));
  EXPECT_EQ(reduce({{0, 1, 8}, {6, 7, 9}}), (std::vector<double>{8, 5}));
  EXPECT_EQ(reduce({{5, 6, 8}, {2, 6, 9}}), (std::vector<double>{3, 0}));
  EXPECT_EQ(reduce({{0, 0, 5}, {9, 20, 21}}), (std::vector<double>{6, 5}));
}

TEST(GradientReducer, RefusesOtherTypesAndBucketsOfNoBytes) {
  RunRanksAsThreads(1, [](Communicator& communicator) {
    EXPECT_THAT(GradientReducer::Create(
                    communicator, ParameterLayout({1}),
                    MakeHostGradients(nullptr, DType::kFloat16), {}),
                FailsWith("float32 or float64"));
    GradientReducer::Options options;
    options.bucket_bytes = 0;
    EXPECT_THAT(GradientReducer::Create(
                    communicator, ParameterLayout({1}),
                    MakeHostGradients(nullptr, DType::kFloat32), options),
                FailsWith("not 65536 and 0 bytes"));
  });
}

TEST(GradientReducer, RefusesCompressionOfFloat64AndFactorsOfNoUse) {
  RunRanksAsThreads(1, [](Communicator& communicator) {
    GradientReducer::Options options;
    options.compression = GradientReducer::Compression::kFloat16;
    EXPECT_THAT(GradientReducer::Create(
                    communicator, ParameterLayout({1}),
                    MakeHostGradients(nullptr, DType::kFloat64), options),
                FailsWith("only float32 is compressed"));
    for (const double factor : {0.0, -1.0, 1e10, std::nan("")}) {
      options.predivide_factor = factor;
      EXPECT_THAT(GradientReducer::Create(
                      communicator, ParameterLayout({1}),
                      MakeHostGradients(nullptr, DType::kFloat32), options),
                  FailsWith("the predivide factor must be"));
    }
  });
}

TEST(GradientReducer, CompressesAModelWithoutParameters) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    std::vector<float> flat(ParameterLayout({}).gradients_length());
    GradientReducer::Options options;
    options.compression = GradientReducer::Compression::kBFloat16;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(communicator, ParameterLayout({}),
                                MakeHostGradients(flat.data(), DType::kFloat32),
                                options));
    reducer->BeginStep(2);
    REPRISE_ASSERT_OK_AND_ASSIGN(const StepReduction reduction,
                                 reducer->Finish());
    EXPECT_EQ(reduction.weight_sum, 4);
    EXPECT_EQ(reducer->bytes_per_step(), 4);
  });
}

}  // namespace
}  // namespace reprise
