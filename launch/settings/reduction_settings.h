// How ranks combine their gradients.
#ifndef REPRISE_LAUNCH_SETTINGS_REDUCTION_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_REDUCTION_SETTINGS_H_

#include <cstdint>

#include "core/comm/gradients/gradient_reducer.h"
#include "launch/cli/enum_names.h"

namespace reprise {

inline constexpr EnumName<GradientReducer::Compression> kCompressionNames[] = {
    {GradientReducer::Compression::kNone, "none"},
    {GradientReducer::Compression::kFloat16, "fp16"},
    {GradientReducer::Compression::kBFloat16, "bf16"}};
inline EnumNames<GradientReducer::Compression> NamesOf(
    GradientReducer::Compression) {
  return kCompressionNames;
}

// Where gradients on GPUs are summed. kAuto: by NCCL where every rank has a GPU
// of its own.
enum class ReductionPlace { kAuto, kNccl, kHost };
inline constexpr EnumName<ReductionPlace> kReductionPlaceNames[] = {
    {ReductionPlace::kAuto, "auto"},
    {ReductionPlace::kNccl, "nccl"},
    {ReductionPlace::kHost, "host"}};
inline EnumNames<ReductionPlace> NamesOf(ReductionPlace) {
  return kReductionPlaceNames;
}

struct ReductionSettings {
  int64_t bucket_bytes = GradientReducer::Options().bucket_bytes;
  GradientReducer::Compression compression =
      GradientReducer::Options().compression;
  bool fp16_allreduce = false;  // upstream's name: compression is fp16
  double predivide_factor = GradientReducer::Options().predivide_factor;
  ReductionPlace place = ReductionPlace::kAuto;
  bool use_adasum = false;
  bool sync_batch_norm = false;
  bool check_collectives = false;  // ranks compare their calls before each
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_REDUCTION_SETTINGS_H_
