#include "core/comm/gradient_reducer.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/status.h"

namespace reprise {
namespace {

std::vector<GradientReducer::Bucket> PlanBuckets(
    const std::vector<int64_t>& sizes, int64_t element_bytes,
    const GradientReducer::Options& options) {
  std::vector<GradientReducer::Bucket> buckets;
  const int64_t total = std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  GradientReducer::Bucket bucket;
  bucket.offset = 1 + total;
  int64_t limit = options.first_bucket_bytes;
  for (int64_t p = static_cast<int64_t>(sizes.size()) - 1; p >= 0; --p) {
    if (bucket.parameters > 0 &&
        (bucket.count + sizes[p]) * element_bytes > limit) {
      buckets.push_back(bucket);
      bucket.count = bucket.parameters = 0;
      limit = options.bucket_bytes;
    }
    bucket.offset -= sizes[p];
    bucket.count += sizes[p];
    bucket.first_parameter = p;
    ++bucket.parameters;
  }
  // The sum of weights.
  --bucket.offset;
  ++bucket.count;
  buckets.push_back(bucket);
  return buckets;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GradientReducer>> GradientReducer::Create(
    Communicator& communicator, const std::vector<int64_t>& parameter_sizes,
    void* flat, DType dtype, const Options& options) {
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64) {
    return absl::InvalidArgumentError(
        "gradients are reduced as float32 or float64");
  }
  if (options.first_bucket_bytes < 1 || options.bucket_bytes < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "bucket sizes must be positive, not ", options.first_bucket_bytes,
        " and ", options.bucket_bytes, " bytes"));
  }
  for (const int64_t size : parameter_sizes) {
    if (size < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter of ", size, " elements"));
    }
  }
  return absl::WrapUnique(new GradientReducer(
      communicator, flat, dtype,
      PlanBuckets(parameter_sizes, SizeInBytes(dtype), options),
      static_cast<int64_t>(parameter_sizes.size())));
}

GradientReducer::GradientReducer(Communicator& communicator, void* flat,
                                 DType dtype, std::vector<Bucket> buckets,
                                 int64_t parameters)
    : communicator_(communicator),
      flat_(static_cast<char*>(flat)),
      dtype_(dtype),
      buckets_(std::move(buckets)),
      bucket_of_parameter_(parameters),
      ready_(std::make_unique<std::atomic<bool>[]>(parameters)),
      remaining_(std::make_unique<std::atomic<int64_t>[]>(buckets_.size())) {
  for (size_t b = 0; b < buckets_.size(); ++b) {
    for (int64_t i = 0; i < buckets_[b].parameters; ++i) {
      bucket_of_parameter_[buckets_[b].first_parameter + i] =
          static_cast<int64_t>(b);
    }
  }
}

void GradientReducer::BeginStep(double local_weight_sum) {
  local_weight_sum_ = local_weight_sum;
  if (communicator_.world_size() == 1) return;
  REPRISE_CHECK(works_.empty()) << "BeginStep before the last step's Finish";
  if (dtype_ == DType::kFloat64) {
    *reinterpret_cast<double*>(flat_) = local_weight_sum;
  } else {
    *reinterpret_cast<float*>(flat_) = static_cast<float>(local_weight_sum);
  }
  for (size_t p = 0; p < bucket_of_parameter_.size(); ++p) ready_[p] = false;
  const int64_t size = SizeInBytes(dtype_);
  for (size_t b = 0; b < buckets_.size(); ++b) {
    remaining_[b] = buckets_[b].parameters;
    works_.push_back(communicator_.AllReduce(
        flat_ + buckets_[b].offset * size, buckets_[b].count, dtype_,
        ReduceOp::kSum,
        buckets_[b].parameters == 0 ? Gate::kOpen : Gate::kClosed));
  }
}

void GradientReducer::MarkReady(int64_t index) {
  if (communicator_.world_size() == 1) return;
  if (ready_[index].exchange(true)) return;
  const int64_t bucket = bucket_of_parameter_[index];
  if (remaining_[bucket].fetch_sub(1) == 1) works_[bucket]->Open();
}

void GradientReducer::MarkAllReady() {
  for (size_t p = 0; p < bucket_of_parameter_.size(); ++p) {
    MarkReady(static_cast<int64_t>(p));
  }
}

absl::StatusOr<StepReduction> GradientReducer::Finish(absl::Time backward_end) {
  StepReduction reduction;
  reduction.weight_sum = local_weight_sum_;
  if (communicator_.world_size() == 1) return reduction;
  for (size_t b = 0; b < buckets_.size(); ++b) {
    REPRISE_CHECK(remaining_[b] == 0)
        << "Finish while bucket " << b << " lacks " << remaining_[b]
        << " parameters";
  }
  const std::vector<std::shared_ptr<Work>> works = std::move(works_);
  works_.clear();
  for (const std::shared_ptr<Work>& work : works) {
    REPRISE_RETURN_IF_ERROR(work->Wait());
  }
  reduction.weight_sum = dtype_ == DType::kFloat64
                             ? *reinterpret_cast<const double*>(flat_)
                             : *reinterpret_cast<const float*>(flat_);
  // The union of the buckets' intervals, which are in order of issue.
  absl::Time covered = absl::InfinitePast();
  for (const std::shared_ptr<Work>& work : works) {
    const absl::Time begin = std::max(work->issued(), covered);
    const absl::Time end = work->completed();
    if (end <= begin) continue;
    covered = end;
    reduction.busy_seconds += absl::ToDoubleSeconds(end - begin);
    reduction.overlapped_seconds += std::max(
        0.0, absl::ToDoubleSeconds(std::min(end, backward_end) - begin));
  }
  return reduction;
}

int64_t GradientReducer::bytes_per_step() const {
  return (buckets_.front().offset + buckets_.front().count) *
         SizeInBytes(dtype_);
}

}  // namespace reprise
