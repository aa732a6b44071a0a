#include "core/comm/gradient_reducer.h"

#include <cmath>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/comm/gradient_memory.h"
#include "core/comm/in_process/ranks_as_threads.h"
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
        GradientReducer::Create(communicator, sizes,
                                MakeHostGradients(nullptr, DType::kFloat32),
                                options));
    buckets = reducer->buckets();
  });
  return buckets;
}

TEST(Buckets, HoldWholeParametersFromTheLastToTheFirst) {
  EXPECT_EQ(Plan({100, 10, 50, 5, 20}, /*first=*/100, /*others=*/240),
            (Buckets{{161, 25, 3, 2}, {101, 60, 1, 2}, {0, 101, 0, 1}}));
}

TEST(Buckets, GiveAParameterBeyondTheLimitABucketOfItsOwn) {
  EXPECT_EQ(Plan({10, 5000, 10}, 100, 100),
            (Buckets{{5011, 10, 2, 1}, {11, 5000, 1, 1}, {0, 11, 0, 1}}));
}

TEST(Buckets, HoldTheWeightSumEvenWithoutParameters) {
  EXPECT_EQ(Plan({}, 100, 100), (Buckets{{0, 1, 0, 0}}));
  EXPECT_EQ(Plan({0}, 100, 100), (Buckets{{0, 1, 0, 1}}));
}

TEST(GradientReducer, ReducesTheWeightSumOfAModelWithoutParameters) {
  RunRanksAsThreads(3, [](Communicator& communicator) {
    float weight_sum = 0;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(communicator, {},
                                MakeHostGradients(&weight_sum, DType::kFloat32),
                                {}));
    reducer->BeginStep(2);
    REPRISE_ASSERT_OK_AND_ASSIGN(const StepReduction reduction,
                                 reducer->Finish(absl::Now()));
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
  double WeightSum() override { return inside_->WeightSum(); }
  void* weight_sum() override { return inside_->weight_sum(); }
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
      std::vector<float> flat(1 + 20, 1.0f);
      auto memory = std::make_unique<FaultyGradients>(flat.data());
      FaultyGradients& gradients = *memory;
      GradientReducer::Options options;
      options.first_bucket_bytes = options.bucket_bytes = 1;
      REPRISE_ASSERT_OK_AND_ASSIGN(
          const std::unique_ptr<GradientReducer> reducer,
          GradientReducer::Create(communicator, {10, 10}, std::move(memory),
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
                                   reducer->Finish(absl::Now()));
      EXPECT_FALSE(reduction.finite);
      EXPECT_EQ(flat[20], 2);
    }
  });
}

TEST(GradientReducer, RefusesOtherTypesAndBucketsOfNoBytes) {
  RunRanksAsThreads(1, [](Communicator& communicator) {
    EXPECT_THAT(
        GradientReducer::Create(
            communicator, {1}, MakeHostGradients(nullptr, DType::kFloat16), {}),
        FailsWith("float32 or float64"));
    GradientReducer::Options options;
    options.bucket_bytes = 0;
    EXPECT_THAT(GradientReducer::Create(
                    communicator, {1},
                    MakeHostGradients(nullptr, DType::kFloat32), options),
                FailsWith("not 65536 and 0 bytes"));
  });
}

TEST(GradientReducer, RefusesCompressionOfFloat64AndFactorsOfNoUse) {
  RunRanksAsThreads(1, [](Communicator& communicator) {
    GradientReducer::Options options;
    options.compression = GradientReducer::Compression::kFloat16;
    EXPECT_THAT(GradientReducer::Create(
                    communicator, {1},
                    MakeHostGradients(nullptr, DType::kFloat64), options),
                FailsWith("only float32 is compressed"));
    for (const double factor : {0.0, -1.0, 1e10, std::nan("")}) {
      options.predivide_factor = factor;
      EXPECT_THAT(GradientReducer::Create(
                      communicator, {1},
                      MakeHostGradients(nullptr, DType::kFloat32), options),
                  FailsWith("the predivide factor must be"));
    }
  });
}

TEST(GradientReducer, CompressesAModelWithoutParameters) {
  RunRanksAsThreads(2, [](Communicator& communicator) {
    float weight_sum = 0;
    GradientReducer::Options options;
    options.compression = GradientReducer::Compression::kBFloat16;
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const std::unique_ptr<GradientReducer> reducer,
        GradientReducer::Create(communicator, {},
                                MakeHostGradients(&weight_sum, DType::kFloat32),
                                options));
    reducer->BeginStep(2);
    REPRISE_ASSERT_OK_AND_ASSIGN(const StepReduction reduction,
                                 reducer->Finish(absl::Now()));
    EXPECT_EQ(reduction.weight_sum, 4);
    EXPECT_EQ(reducer->bytes_per_step(), 4);
  });
}

}  // namespace
}  // namespace reprise
