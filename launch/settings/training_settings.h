// What a step and an epoch are.
#ifndef REPRISE_LAUNCH_SETTINGS_TRAINING_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_TRAINING_SETTINGS_H_

#include <cstdint>
#include <optional>

#include "launch/cli/enum_names.h"

namespace reprise {

// kStandard: pad by 4, random crop, horizontal flip.
enum class Augmentation { kNone, kStandard };
inline constexpr EnumName<Augmentation> kAugmentationNames[] = {
    {Augmentation::kNone, "none"}, {Augmentation::kStandard, "standard"}};
inline EnumNames<Augmentation> NamesOf(Augmentation) {
  return kAugmentationNames;
}

struct TrainingSettings {
  int64_t epochs = 10;                       // per task
  int64_t max_steps_per_epoch = 0;           // 0: no limit
  int64_t batch_size = 64;                   // B, per rank
  std::optional<int64_t> global_batch_size;  // W * B
  int64_t batches_per_allreduce = 1;         // N: a step has N * W * B
  int64_t eval_batch_size = -1;              // -1: as batch_size
  bool evaluate = true;
  Augmentation augment = Augmentation::kNone;
  uint64_t seed = 42;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_TRAINING_SETTINGS_H_
