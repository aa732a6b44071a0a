// Sums gradients over all ranks during backward, bucket by bucket.
//
// The gradients of all parameters lie in one flat buffer of the caller, led by
// the sum of sample weights S (core/comm/gradients/parameter_layout.h).
//
// A bucket is a slice of that buffer, reduced in place by one AllReduce.
// Buckets are formed over whole slots in reverse registration order, about
// the order in which backward produces gradients; S is part of the last bucket,
// so it costs no collective of its own. BeginStep declares all buckets of the
// step, in that order; marking a bucket's last parameter lets it go. Which
// bytes go in which collective and when never depends on the order of hooks, so
// results are bit-identical from run to run with overlap on.
//
// A rank that has failed says so in the first element of its last bucket, NaN,
// which it makes every rank's: agreeing that all is well costs no collective.
//
// A step is AllReduces of P elements in all, the length of the buffer: 2
// (W-1)/W P sizeof(element) bytes sent by each of W ranks over a ring; over
// MPI, buckets up to 16 KiB are gathered, W-1 times their bytes.
//
// Compressed, the gradients of a bucket are rounded to 16 bits by whoever marks
// its last parameter (a pass at the speed of memory), reduced as such, and
// widened in Finish while later buckets are under way. The weight sum S stays
// fp32: every gradient is divided by S, so its rounding error would reach all
// of them. S goes alone, as the step's first collective, open from BeginStep
// on, so that it is long done when the first bucket is. AllReduces of 4 + 2 (P
// - 32) bytes in all.
//
// With u = 2^-11 (fp16) or 2^-8 (bf16), each of W ranks rounds once and each of
// W - 1 additions once, so for every element, over the ranks' gradients g_r,
//   |result - sum_r g_r| <= ((1 + u)^W - 1) sum_r |g_r| + W t f,
// t half of the smallest number of the type (2^-25 in fp16) and f the predivide
// factor, which adds 2^-22 sum_r |g_r| where it is no power of two.
#ifndef REPRISE_CORE_COMM_GRADIENTS_GRADIENT_REDUCER_H_
#define REPRISE_CORE_COMM_GRADIENTS_GRADIENT_REDUCER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/dtype.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/parameter_layout.h"

namespace reprise {

// What one step's reduction gave and took, on this rank.
struct StepReduction {
  double weight_sum = 0;    // S over all ranks
  double busy_seconds = 0;  // at least one bucket was under way
  // The part of busy_seconds before the last bucket was ready, which is the end
  // of backward: hidden behind it. On devices by their clock.
  double overlapped_seconds = 0;
  // Whether no rank has failed and all sums are finite; the latter is looked at
  // when compressed or predivided only, where what is beyond the range of the
  // type on its way is infinite. The same on all ranks.
  bool finite = true;
};

// At world size 1 nothing is enqueued and the buffer is not touched.
class GradientReducer {
 public:
  enum class Compression { kNone, kFloat16, kBFloat16 };

  struct Options {
    // Small, so that the first reduction starts early in backward.
    int64_t first_bucket_bytes = 64 << 10;
    int64_t bucket_bytes = 4 << 20;  // as they are sent
    Compression compression = Compression::kNone;
    // Gradients are divided by it before the sum and multiplied by it after:
    // greater, to keep 16-bit sums from overflowing; smaller, from vanishing.
    double predivide_factor = 1;
  };

  struct Bucket {
    int64_t offset = 0, count = 0;  // elements of the flat buffer
    int64_t first_parameter = 0, parameters = 0;
  };

  // `layout`: of the parameters in registration order, the same on all ranks.
  // `gradients`: layout.gradients_length() elements, zero where they pad, in
  // memory that `communicator` works on. InvalidArgument on types other than
  // kFloat32 and kFloat64, compression of other than kFloat32, bucket sizes
  // below 1 and predivide factors outside [1e-9, 1e9].
  static absl::StatusOr<std::unique_ptr<GradientReducer>> Create(
      Communicator& communicator, const ParameterLayout& layout,
      std::unique_ptr<GradientMemory> gradients, const Options& options);

  GradientReducer(const GradientReducer&) = delete;

  // Declares the step's buckets and contributes this rank's sum of weights.
  // Collective in its order among the communicator's collectives; never blocks.
  void BeginStep(double local_weight_sum);

  // The gradient of parameter `index` is in the buffer and stays as it is until
  // Finish. From any thread, in any order; marking twice is marking once.
  void MarkReady(int64_t index);

  // Marks all that are not marked yet (no gradient, empty batch): the caller
  // has zeroed or filled their part of the buffer.
  void MarkAllReady();

  // This rank has failed: no step from now on is `finite`, on any rank, but for
  // one whose last bucket has gone already, or is empty (compressed, of a model
  // without parameters). From any thread.
  void Fail() { failed_ = true; }

  // Waits until the buffer holds the sums over all ranks. All parameters are
  // marked. The communicator's error, if it failed.
  absl::StatusOr<StepReduction> Finish();

  // In the order of issue.
  const std::vector<Bucket>& buckets() const { return buckets_; }
  // Reduced per step: P sizeof(element), compressed 4 + 2 (P - 32).
  int64_t bytes_per_step() const;

 private:
  GradientReducer(Communicator& communicator,
                  std::unique_ptr<GradientMemory> gradients,
                  const Options& options, std::vector<Bucket> buckets,
                  int64_t parameters);

  bool IsCompressed() const {
    return options_.compression != Compression::kNone;
  }
  DType CompressedType() const;
  void Send(size_t bucket);
  int64_t TotalCount() const;  // of all buckets
  // The bucket's elements without the sum of weights and what pads it.
  static int64_t FirstGradient(const Bucket& bucket);
  static int64_t Gradients(const Bucket& bucket);

  Communicator& communicator_;
  const std::unique_ptr<GradientMemory> gradients_;
  const Options options_;
  const std::vector<Bucket> buckets_;
  std::vector<int64_t> bucket_of_parameter_;
  double local_weight_sum_ = 0;
  std::atomic<bool> failed_{false};

  // Of the current step.
  std::shared_ptr<Work> weight_sum_work_;              // when compressed
  std::vector<std::shared_ptr<Work>> works_;           // by bucket
  std::unique_ptr<std::atomic<bool>[]> ready_;         // by parameter
  std::unique_ptr<std::atomic<int64_t>[]> remaining_;  // by bucket
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_GRADIENTS_GRADIENT_REDUCER_H_
