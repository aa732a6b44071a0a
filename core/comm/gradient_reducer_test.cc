#include "core/comm/gradient_reducer.h"

#include <cmath>
#include <memory>
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
