#include "core/comm/gradients/gradient_reducer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"

namespace reprise {
namespace {

std::vector<GradientReducer::Bucket> PlanBuckets(
    const ParameterLayout& layout, int64_t element_bytes,
    const GradientReducer::Options& options) {
  std::vector<GradientReducer::Bucket> buckets;
  GradientReducer::Bucket bucket;
  bucket.offset = layout.gradients_length();
  int64_t limit = options.first_bucket_bytes;
  for (int64_t p = layout.num_parameters() - 1; p >= 0; --p) {
    const int64_t slot = bucket.offset - layout.gradient_offset(p);
    if (bucket.parameters > 0 &&
        (bucket.count + slot) * element_bytes > limit) {
      buckets.push_back(bucket);
      bucket.count = bucket.parameters = 0;
      limit = options.bucket_bytes;
    }
    bucket.offset -= slot;
    bucket.count += slot;
    bucket.first_parameter = p;
    ++bucket.parameters;
  }
  if (options.compression == GradientReducer::Compression::kNone) {
    // The sum of weights.
    bucket.count += bucket.offset;
    bucket.offset = 0;
  }
  buckets.push_back(bucket);
  return buckets;
}

}  // namespace

absl::StatusOr<std::unique_ptr<GradientReducer>> GradientReducer::Create(
    Communicator& communicator, const ParameterLayout& layout,
    std::unique_ptr<GradientMemory> gradients, const Options& options) {
  const DType dtype = gradients->dtype();
  if (dtype != DType::kFloat32 && dtype != DType::kFloat64) {
    return absl::InvalidArgumentError(
        "gradients are reduced as float32 or float64");
  }
  if (options.first_bucket_bytes < 1 || options.bucket_bytes < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "bucket sizes must be positive, not ", options.first_bucket_bytes,
        " and ", options.bucket_bytes, " bytes"));
  }
  const bool is_compressed = options.compression != Compression::kNone;
  if (is_compressed && dtype != DType::kFloat32) {
    return absl::InvalidArgumentError("only float32 is compressed");
  }
  // Not NaN either.
  if (!(options.predivide_factor >= 1e-9 && options.predivide_factor <= 1e9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the predivide factor must be from 1e-9 to 1e9, not ",
                     options.predivide_factor));
  }
  const int64_t sent_bytes =
      is_compressed ? sizeof(uint16_t) : SizeInBytes(dtype);
  return absl::WrapUnique(new GradientReducer(
      communicator, std::move(gradients), options,
      PlanBuckets(layout, sent_bytes, options), layout.num_parameters()));
}

GradientReducer::GradientReducer(Communicator& communicator,
                                 std::unique_ptr<GradientMemory> gradients,
                                 const Options& options,
                                 std::vector<Bucket> buckets,
                                 int64_t parameters)
    : communicator_(communicator),
      gradients_(std::move(gradients)),
      options_(options),
      buckets_(std::move(buckets)),
      bucket_of_parameter_(parameters),
      ready_(std::make_unique<std::atomic<bool>[]>(parameters)),
      remaining_(std::make_unique<std::atomic<int64_t>[]>(buckets_.size())) {
  if (IsCompressed() && communicator_.world_size() > 1) {
    gradients_->Compress(CompressedType(),
                         ParameterLayout::kLead + TotalCount());
  }
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
  gradients_->Set(ParameterLayout::kWeightSum, local_weight_sum);
  for (size_t p = 0; p < bucket_of_parameter_.size(); ++p) ready_[p] = false;
  if (IsCompressed()) {
    weight_sum_work_ =
        communicator_.AllReduce(gradients_->at(ParameterLayout::kWeightSum), 1,
                                gradients_->dtype(), ReduceOp::kSum);
  }
  const DType sent_type =
      IsCompressed() ? CompressedType() : gradients_->dtype();
  for (size_t b = 0; b < buckets_.size(); ++b) {
    const Bucket& bucket = buckets_[b];
    remaining_[b] = bucket.parameters;
    const Gate gate = bucket.parameters == 0 ? Gate::kOpen : Gate::kClosed;
    works_.push_back(communicator_.AllReduce(gradients_->sent(bucket.offset),
                                             bucket.count, sent_type,
                                             ReduceOp::kSum, gate));
  }
}

void GradientReducer::MarkReady(int64_t index) {
  if (communicator_.world_size() == 1) return;
  if (ready_[index].exchange(true)) return;
  const int64_t b = bucket_of_parameter_[index];
  if (remaining_[b].fetch_sub(1) != 1) return;
  try {
    Send(b);
  } catch (...) {
    // A bucket that never goes would be waited for: it can be marked again.
    remaining_[b] = 1;
    ready_[index] = false;
    throw;
  }
}

void GradientReducer::Send(size_t b) {
  const Bucket& bucket = buckets_[b];
  // Written last: the bucket's own first gradient would overwrite the NaN.
  if (failed_ && b + 1 == buckets_.size() && bucket.count > 0) {
    gradients_->Set(bucket.offset, std::numeric_limits<double>::quiet_NaN());
  }
  gradients_->Prepare(FirstGradient(bucket), Gradients(bucket),
                      1 / options_.predivide_factor);
  works_[b]->Open();
}

void GradientReducer::MarkAllReady() {
  for (size_t p = 0; p < bucket_of_parameter_.size(); ++p) {
    MarkReady(static_cast<int64_t>(p));
  }
}

absl::StatusOr<StepReduction> GradientReducer::Finish() {
  StepReduction reduction;
  reduction.weight_sum = local_weight_sum_;
  if (communicator_.world_size() == 1) return reduction;
  for (size_t b = 0; b < buckets_.size(); ++b) {
    REPRISE_CHECK(remaining_[b] == 0)
        << "Finish while bucket " << b << " lacks " << remaining_[b]
        << " parameters";
  }
  std::vector<std::shared_ptr<Work>> works = std::move(works_);
  works_.clear();
  absl::Time last_ready = absl::InfinitePast();
  for (size_t b = 0; b < buckets_.size(); ++b) {
    REPRISE_RETURN_IF_ERROR(works[b]->Wait());
    last_ready = std::max(last_ready, works[b]->times().ready);
    reduction.finite &=
        gradients_->Restore(FirstGradient(buckets_[b]), Gradients(buckets_[b]),
                            options_.predivide_factor);
  }
  if (weight_sum_work_ != nullptr) {
    REPRISE_RETURN_IF_ERROR(weight_sum_work_->Wait());
    works.insert(works.begin(), std::move(weight_sum_work_));
    weight_sum_work_ = nullptr;
  }
  reduction.weight_sum = gradients_->Get(ParameterLayout::kWeightSum);
  reduction.finite &= !std::isnan(reduction.weight_sum);
  // The union of the buckets' intervals, which are in order of issue.
  absl::Time covered = absl::InfinitePast();
  for (const std::shared_ptr<Work>& work : works) {
    const CollectiveTimes times = work->times();
    const absl::Time begin = std::max(times.begun, covered);
    const absl::Time end = times.completed;
    if (end <= begin) continue;
    covered = end;
    reduction.busy_seconds += absl::ToDoubleSeconds(end - begin);
    reduction.overlapped_seconds +=
        std::max(0.0, absl::ToDoubleSeconds(std::min(end, last_ready) - begin));
  }
  return reduction;
}

int64_t GradientReducer::bytes_per_step() const {
  const int64_t element = SizeInBytes(gradients_->dtype());
  return IsCompressed() ? element + TotalCount() * SizeInBytes(CompressedType())
                        : TotalCount() * element;
}

DType GradientReducer::CompressedType() const {
  return options_.compression == Compression::kFloat16 ? DType::kFloat16
                                                       : DType::kBFloat16;
}

int64_t GradientReducer::TotalCount() const {
  const Bucket& first = buckets_.front();
  return first.offset + first.count - buckets_.back().offset;
}

int64_t GradientReducer::FirstGradient(const Bucket& bucket) {
  return std::max(int64_t{ParameterLayout::kLead}, bucket.offset);
}

int64_t GradientReducer::Gradients(const Bucket& bucket) {
  return bucket.offset + bucket.count - FirstGradient(bucket);
}

}  // namespace reprise
