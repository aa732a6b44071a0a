#include <cstdint>
#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "launch/cli/literal_value.h"
#include "launch/data/dataset_table.h"
#include "launch/data/rows/dataset_row.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/components/component.h"
#include "launch/settings/components/regime_literal.h"
#include "launch/settings/model_rows.h"
#include "launch/settings/scratch_keys.h"

namespace reprise {
namespace {

// The whole path in seconds; what is as close to the user as --quick holds.
void ApplyQuick(ResolvedSettings& resolved) {
  ExperimentSpec& spec = resolved.spec;
  if (!spec.recipe.quick) return;
  const DatasetRow* dataset = FindDatasetRow(spec.data.dataset);
  REPRISE_CHECK(dataset != nullptr) << "data set " << spec.data.dataset;
  const QuickSizes& sizes = dataset->quick;
  spec.tasks.max_train_samples_per_task = sizes.train_samples_per_task;
  spec.tasks.max_test_samples_per_task = sizes.test_samples_per_task;
  const Level level = resolved.LevelOf("quick");
  const int64_t most = sizes.most_representatives.value_or(0);
  const auto limit_key = [&](const std::string& key, int64_t value) {
    if (most == 0 || value <= most ||
        resolved.LevelOf("agent-config." + key) >= level) {
      return;
    }
    resolved.SetKey("agent-config", key, LiteralOf(most),
                    {Level::kDerived, "--quick"});
  };
  limit_key("num_candidates", spec.agent.num_candidates);
  limit_key("num_samples", spec.agent.num_samples.value_or(0));
  TrainingSettings& training = spec.training;
  if (resolved.LevelOf("max-steps-per-epoch") < level) {
    training.max_steps_per_epoch = 3;
    resolved.SetDerived("max-steps-per-epoch", "--quick");
  }
  if (resolved.LevelOf("epochs") < level && training.epochs != 1) {
    training.epochs = 1;
    resolved.SetDerived("epochs", "--quick");
  }
  if (resolved.LevelOf("batch-size") < level && training.batch_size > 8) {
    training.batch_size = 8;
    // Still below a --global-batch-size of the file.
    if (!training.global_batch_size.has_value()) {
      resolved.SetDerived("batch-size", "--quick");
    }
  }
}

// What the command line gives the key; nullptr for nothing, which None is, too.
const LiteralValue* GivenToKey(ResolvedSettings& resolved, const char* flag,
                               const char* key) {
  if (resolved.LevelOf(absl::StrCat(flag, ".", key)) != Level::kCommandLine) {
    return nullptr;
  }
  for (const auto& [name, value] : resolved.dicts[flag]) {
    if (name == key && !value.IsNone()) return &value;
  }
  return nullptr;
}

void ApplyScratch(ResolvedSettings& resolved) {
  if (!resolved.spec.recipe.scratch) return;
  for (const auto& [flag, key] : kScratchKeys) {
    const LiteralValue* given = GivenToKey(resolved, flag, key);
    if (given == nullptr) {
      resolved.SetKey(flag, key, LiteralOf(true),
                      {Level::kDerived, "--scratch"});
      continue;
    }
    const bool* truth = std::get_if<bool>(&given->value);
    if (truth != nullptr && !*truth) {
      resolved.AddProblem("--scratch contradicts '", key, "': False");
    }
  }
}

// What is as close to the user as --profile holds.
void ApplyUpstreamProfile(ResolvedSettings& resolved) {
  constexpr char kFrom[] = "--profile=upstream";
  ExperimentSpec& spec = resolved.spec;
  if (spec.recipe.profile != Profile::kUpstream) return;
  const Level level = resolved.LevelOf("profile");
  const auto set = [&](const char* flag, auto* field, auto value) {
    if (resolved.LevelOf(flag) >= level || *field == value) return;
    *field = value;
    resolved.SetDerived(flag, kFrom);
  };
  const auto set_keys = [&](const std::string& flag, const LiteralDict& keys) {
    for (const auto& [key, value] : keys) {
      if (resolved.LevelOf(absl::StrCat(flag, ".", key)) >= level) continue;
      resolved.SetKey(flag, key, value, {Level::kDerived, kFrom});
    }
  };
  set("augment", &spec.training.augment, Augmentation::kNone);
  set("buffer", &spec.rehearsal.buffer, BufferScope::kLocal);
  set("rehearsal", &spec.rehearsal.draw, DrawTime::kSync);
  set("capacity", &spec.rehearsal.capacity, BufferCapacity::kPerRank);
  OptimizerSettings& optimizer = spec.optimizer;
  if (optimizer.regime == kCifarRegime) {
    set("regime", &optimizer.regime, std::string(kUpstreamRegime));
  }
  set_keys("agent-config", RowOf(spec.agent).upstream_keys);
  set_keys("model-config", RowOf(spec.model).upstream_keys);
}

void Derive(ResolvedSettings& resolved) {
  ApplyQuick(resolved);
  ApplyScratch(resolved);
  ApplyUpstreamProfile(resolved);
}

}  // namespace

Component RecipeFlags() {
  const Bind<RecipeSettings> recipe(&ExperimentSpec::recipe);
  using R = RecipeSettings;
  return {"Experiment",
          {
              recipe("profile", &R::profile, "NAME",
                     "upstream brings back the research code's choices: no "
                     "augmentation, its ResNet, its iCaRL, its transforms, a "
                     "buffer on each rank (--buffer=local --rehearsal=sync "
                     "--capacity=per-rank)"),
              recipe("preset", &R::preset, "NAME",
                     "hyper-parameters of a published set of runs, by data "
                     "set"),
              recipe("scratch", &R::scratch,
                     "the baseline: at each task a new network on all data so "
                     "far, no rehearsal"),
              recipe("quick", &R::quick,
                     "the whole path in seconds: 1 epoch of 3 steps a task, "
                     "batch at most 8; at most 256 training and 64 test "
                     "samples a task of mnist, 24 and 16 of the others, with "
                     "at most 8 representatives a step"),
          },
          Derive};
}

}  // namespace reprise
