#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "agents/regime/regime.h"
#include "launch/settings/components/component.h"
#include "launch/settings/components/regime_literal.h"

namespace reprise {
namespace {

std::string WhyNoMomentum(const ExperimentSpec& spec) {
  const OptimizerKind kind = spec.optimizer.kind;
  if (kind == OptimizerKind::kSgd || kind == OptimizerKind::kRmsProp) return "";
  return absl::StrCat(NameOf(kind), " has none");
}

std::string WhyNoWarmUp(const ExperimentSpec& spec) {
  if (spec.ranks.count * spec.training.batches_per_allreduce > 1 &&
      spec.optimizer.lr_scaling == LrScaling::kLinear) {
    return "";
  }
  return "it leads from --lr to what --lr-scaling=linear makes of it";
}

// What the regime and the optimizer's options are together.
void Check(ResolvedSettings& resolved) {
  OptimizerSettings& optimizer = resolved.spec.optimizer;
  const size_t before = resolved.problems.size();
  optimizer.phases = ParseRegime(
      optimizer.regime, resolved.spec.training.epochs, &resolved.problems);
  if (resolved.problems.size() != before) return;
  if (optimizer.nesterov && optimizer.kind != OptimizerKind::kSgd) {
    resolved.AddProblem("--nesterov is SGD's; --optimizer is ",
                        NameOf(optimizer.kind));
    return;
  }
  const absl::Status valid =
      Regime(optimizer.Options(), optimizer.phases).Validate();
  if (!valid.ok()) resolved.AddProblem(valid.message());
}

}  // namespace

Component OptimizerFlags() {
  const Bind<OptimizerSettings> optimizer(&ExperimentSpec::optimizer);
  using O = OptimizerSettings;
  return {
      "Training",
      {
          optimizer("optimizer", &O::kind, "NAME", "what steps are taken by")
              .Behind("no-evaluate"),
          optimizer("lr", &O::lr, "X", "learning rate").From(0),
          optimizer("momentum", &O::momentum, "X", "of SGD and RMSprop")
              .From(0)
              .Below(1)
              .Unused(WhyNoMomentum),
          optimizer("nesterov", &O::nesterov, "Nesterov's momentum, with SGD"),
          optimizer("weight-decay", &O::weight_decay, "X", "also --wd")
              .Alias("wd")
              .From(0),
          optimizer("lr-scaling", &O::lr_scaling, "HOW",
                    "linear multiplies the learning rate by ranks x "
                    "batches-per-allreduce; none with --use-adasum"),
          optimizer("warmup-epochs", &O::warmup_epochs, "N",
                    "of a task, from lr to the scaled one; 5 where linear "
                    "scaling raises it, else 0")
              .From(0)
              .Unused(WhyNoWarmUp),
          optimizer("regime", &O::regime, "WHAT",
                    "how options change within a task: none, cifar (x 0.1 at "
                    "81/164 and 122/164 of the epochs), upstream (x 0.1 at "
                    "epochs 81, 122, 164), or a list like \"[{'epoch': 5, "
                    "'lr_factor': 0.1}]\"")
              .TakesList(),
      },
      nullptr,
      Check};
}

}  // namespace reprise
