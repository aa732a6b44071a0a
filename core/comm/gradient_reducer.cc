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
#include "core/comm/half_floats.h"

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
  if (options.compression == GradientReducer::Compression::kNone) {
    // The sum of weights.
    --bucket.offset;
    ++bucket.count;
  }
  buckets.push_back(bucket);
  return buckets;
}

// Values are looked at in pieces that are still in the cache.
constexpr int64_t kPiece = 4096;

// Whether the products are finite.
template <typename T>
bool ScaleAs(void* flat, int64_t begin, int64_t end, double factor) {
  const T by = static_cast<T>(factor);
  bool finite = true;
  for (int64_t first = begin; first < end; first += kPiece) {
    T* const values = static_cast<T*>(flat) + first;
    const int64_t count = std::min(kPiece, end - first);
    for (int64_t i = 0; i < count; ++i) values[i] *= by;
    finite = AllFinite(values, count) && finite;
  }
  return finite;
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
  for (const int64_t size : parameter_sizes) {
    if (size < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("parameter of ", size, " elements"));
    }
  }
  const int64_t sent_bytes =
      is_compressed ? sizeof(uint16_t) : SizeInBytes(dtype);
  return absl::WrapUnique(
      new GradientReducer(communicator, flat, dtype, options,
                          PlanBuckets(parameter_sizes, sent_bytes, options),
                          static_cast<int64_t>(parameter_sizes.size())));
}

GradientReducer::GradientReducer(Communicator& communicator, void* flat,
                                 DType dtype, const Options& options,
                                 std::vector<Bucket> buckets,
                                 int64_t parameters)
    : communicator_(communicator),
      flat_(static_cast<char*>(flat)),
      dtype_(dtype),
      options_(options),
      buckets_(std::move(buckets)),
      bucket_of_parameter_(parameters),
      ready_(std::make_unique<std::atomic<bool>[]>(parameters)),
      remaining_(std::make_unique<std::atomic<int64_t>[]>(buckets_.size())) {
  if (IsCompressed() && communicator_.world_size() > 1) {
    halves_.resize(1 + TotalCount());
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
  if (dtype_ == DType::kFloat64) {
    *reinterpret_cast<double*>(flat_) = local_weight_sum;
  } else {
    *reinterpret_cast<float*>(flat_) = static_cast<float>(local_weight_sum);
  }
  for (size_t p = 0; p < bucket_of_parameter_.size(); ++p) ready_[p] = false;
  if (IsCompressed()) {
    weight_sum_work_ =
        communicator_.AllReduce(flat_, 1, dtype_, ReduceOp::kSum, Gate::kOpen);
  }
  const int64_t size = SizeInBytes(dtype_);
  for (size_t b = 0; b < buckets_.size(); ++b) {
    const Bucket& bucket = buckets_[b];
    remaining_[b] = bucket.parameters;
    const Gate gate = bucket.parameters == 0 ? Gate::kOpen : Gate::kClosed;
    works_.push_back(IsCompressed()
                         ? communicator_.AllReduce(
                               halves_.data() + bucket.offset, bucket.count,
                               CompressedType(), ReduceOp::kSum, gate)
                         : communicator_.AllReduce(flat_ + bucket.offset * size,
                                                   bucket.count, dtype_,
                                                   ReduceOp::kSum, gate));
  }
}

void GradientReducer::MarkReady(int64_t index) {
  if (communicator_.world_size() == 1) return;
  if (ready_[index].exchange(true)) return;
  const int64_t bucket = bucket_of_parameter_[index];
  if (remaining_[bucket].fetch_sub(1) != 1) return;
  Prepare(buckets_[bucket]);
  works_[bucket]->Open();
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
  std::vector<std::shared_ptr<Work>> works = std::move(works_);
  works_.clear();
  for (size_t b = 0; b < buckets_.size(); ++b) {
    REPRISE_RETURN_IF_ERROR(works[b]->Wait());
    reduction.finite &= Restore(buckets_[b]);
  }
  if (weight_sum_work_ != nullptr) {
    REPRISE_RETURN_IF_ERROR(weight_sum_work_->Wait());
    works.insert(works.begin(), std::move(weight_sum_work_));
    weight_sum_work_ = nullptr;
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
  return IsCompressed() ? SizeInBytes(dtype_) +
                              TotalCount() * SizeInBytes(CompressedType())
                        : TotalCount() * SizeInBytes(dtype_);
}

DType GradientReducer::CompressedType() const {
  return options_.compression == Compression::kFloat16 ? DType::kFloat16
                                                       : DType::kBFloat16;
}

int64_t GradientReducer::TotalCount() const {
  const Bucket& first = buckets_.front();
  return first.offset + first.count - buckets_.back().offset;
}

void GradientReducer::Prepare(const Bucket& bucket) {
  const double factor = 1 / options_.predivide_factor;
  if (!IsCompressed()) {
    // What overflows here is not finite in the sum either.
    Scale(bucket, factor);
    return;
  }
  Narrow(reinterpret_cast<const float*>(flat_) + bucket.offset, bucket.count,
         static_cast<float>(factor), CompressedType(),
         halves_.data() + bucket.offset);
}

bool GradientReducer::Restore(const Bucket& bucket) {
  if (!IsCompressed()) return Scale(bucket, options_.predivide_factor);
  bool finite = true;
  for (int64_t done = 0; done < bucket.count; done += kPiece) {
    float* const values =
        reinterpret_cast<float*>(flat_) + bucket.offset + done;
    const int64_t count = std::min(kPiece, bucket.count - done);
    Widen(halves_.data() + bucket.offset + done, count,
          static_cast<float>(options_.predivide_factor), CompressedType(),
          values);
    finite = AllFinite(values, count) && finite;
  }
  return finite;
}

bool GradientReducer::Scale(const Bucket& bucket, double factor) {
  if (factor == 1) return true;
  const int64_t begin = std::max<int64_t>(1, bucket.offset);
  const int64_t end = bucket.offset + bucket.count;
  return dtype_ == DType::kFloat64 ? ScaleAs<double>(flat_, begin, end, factor)
                                   : ScaleAs<float>(flat_, begin, end, factor);
}

}  // namespace reprise
