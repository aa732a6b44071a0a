// The optimizer, and how its options change within a task.
#ifndef REPRISE_LAUNCH_SETTINGS_OPTIMIZER_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_OPTIMIZER_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/regime/regime.h"
#include "core/tensor/optimizer_step.h"
#include "launch/cli/enum_names.h"

namespace reprise {

inline constexpr EnumName<OptimizerKind> kOptimizerNames[] = {
    {OptimizerKind::kSgd, "SGD"},
    {OptimizerKind::kAdam, "Adam"},
    {OptimizerKind::kAdamW, "AdamW"},
    {OptimizerKind::kRmsProp, "RMSprop"},
    {OptimizerKind::kAdagrad, "Adagrad"}};
inline EnumNames<OptimizerKind> NamesOf(OptimizerKind) {
  return kOptimizerNames;
}

// kLinear: --lr times ranks times --batches-per-allreduce.
enum class LrScaling { kLinear, kNone };
inline constexpr EnumName<LrScaling> kLrScalingNames[] = {
    {LrScaling::kLinear, "linear"}, {LrScaling::kNone, "none"}};
inline EnumNames<LrScaling> NamesOf(LrScaling) { return kLrScalingNames; }

struct OptimizerSettings {
  OptimizerKind kind = OptimizerKind::kSgd;
  double lr = 0.01;
  double momentum = 0.5;
  bool nesterov = false;
  double weight_decay = 0.0;
  LrScaling lr_scaling = LrScaling::kLinear;
  // Epochs from lr to the scaled lr; default 5 where linear scaling raises it.
  std::optional<int64_t> warmup_epochs;
  std::string regime = "none";  // components/regime_literal.h
  // What `regime` stands for; an absolute rate is still one rank's.
  std::vector<RegimePhase> phases;

  // At one rank's learning rate.
  OptimizerOptions Options() const {
    OptimizerOptions options;
    options.kind = kind;
    options.lr = lr;
    options.momentum = momentum;
    options.weight_decay = weight_decay;
    options.nesterov = nesterov;
    return options;
  }
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_OPTIMIZER_SETTINGS_H_
