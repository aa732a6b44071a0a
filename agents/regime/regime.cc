#include "agents/regime/regime.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"

namespace reprise {
namespace {

constexpr double kPi = 3.14159265358979323846;

int64_t FirstStep(const RegimePhase& phase, int64_t steps_per_epoch) {
  return phase.from_step.has_value()
             ? *phase.from_step
             : phase.from_epoch.value_or(0) * steps_per_epoch;
}

bool SetsRate(const RegimePhase& phase) {
  return phase.lr.has_value() || phase.lr_factor.has_value();
}

// All options of the phase except for the learning rate's course.
OptimizerOptions Apply(const RegimePhase& phase, double base_lr,
                       OptimizerOptions options) {
  options.kind = phase.kind.value_or(options.kind);
  options.momentum = phase.momentum.value_or(options.momentum);
  options.weight_decay = phase.weight_decay.value_or(options.weight_decay);
  options.dampening = phase.dampening.value_or(options.dampening);
  options.nesterov = phase.nesterov.value_or(options.nesterov);
  options.beta1 = phase.beta1.value_or(options.beta1);
  options.beta2 = phase.beta2.value_or(options.beta2);
  if (phase.epsilon.has_value()) options.epsilon = phase.epsilon;
  options.alpha = phase.alpha.value_or(options.alpha);
  if (phase.lr_factor.has_value()) options.lr = base_lr * *phase.lr_factor;
  options.lr = phase.lr.value_or(options.lr);
  return options;
}

std::string NameOf(const RegimePhase& phase, size_t i) {
  std::string name = absl::StrCat("phase ", i + 1);
  if (phase.from_epoch.has_value()) {
    absl::StrAppend(&name, " from epoch ", *phase.from_epoch);
  }
  if (phase.from_step.has_value()) {
    absl::StrAppend(&name, " from step ", *phase.from_step);
  }
  return name;
}

// What is wrong with a phase by itself.
std::vector<std::string> ProblemsOf(const RegimePhase& phase) {
  std::vector<std::string> problems;
  if (phase.from_epoch.has_value() == phase.from_step.has_value()) {
    problems.push_back("needs either an epoch or a step to begin at");
  }
  if (phase.from_epoch.value_or(0) < 0 || phase.from_step.value_or(0) < 0) {
    problems.push_back("must not begin before 0");
  }
  if (phase.lr.has_value() && phase.lr_factor.has_value()) {
    problems.push_back("sets both a rate and a factor of the base rate");
  }
  if (phase.course == LrCourse::kRampUp && !SetsRate(phase)) {
    problems.push_back("ramps up to a rate that it does not set");
  }
  const bool exponential = phase.course == LrCourse::kExponentialDecay;
  if (exponential != phase.decay_rate.has_value()) {
    problems.push_back(exponential
                           ? "needs a rate of its exponential decay"
                           : "sets a decay rate without exponential decay");
  } else if (exponential &&
             !(*phase.decay_rate > 0 && *phase.decay_rate <= 1)) {
    problems.push_back(absl::StrCat("decay rate must be in (0, 1], found ",
                                    *phase.decay_rate));
  }
  return problems;
}

}  // namespace

Regime::Regime(const OptimizerOptions& base, std::vector<RegimePhase> phases,
               const WarmUp& warm_up)
    : base_(base), phases_(std::move(phases)), warm_up_(warm_up) {}

absl::Status Regime::Validate() const {
  // The base's problems are not repeated for each phase that keeps them.
  std::vector<std::string> problems = base_.Problems();
  std::vector<std::string> known = problems;
  if (warm_up_.epochs < 0) {
    problems.push_back(
        absl::StrCat("warm-up epochs must be >= 0, found ", warm_up_.epochs));
  }
  if (warm_up_.epochs > 0 &&
      !(warm_up_.from_lr >= 0 && warm_up_.from_lr <= base_.lr)) {
    problems.push_back(absl::StrCat("warm-up must begin between 0 and lr ",
                                    base_.lr, ", found ", warm_up_.from_lr));
  }
  OptimizerOptions options = base_;
  for (size_t i = 0; i < phases_.size(); ++i) {
    const RegimePhase& phase = phases_[i];
    std::vector<std::string> found = ProblemsOf(phase);
    options = Apply(phase, base_.lr, options);
    const std::vector<std::string> option_problems = options.Problems();
    for (const std::string& problem : option_problems) {
      if (std::find(known.begin(), known.end(), problem) == known.end()) {
        found.push_back(problem);
      }
    }
    known = option_problems;
    if (i > 0) {
      const RegimePhase& former = phases_[i - 1];
      if (phase.from_step.has_value() != former.from_step.has_value()) {
        found.push_back(
            "must begin at an epoch or at a step as the phase before it does");
      } else if (FirstStep(phase, 1) <= FirstStep(former, 1)) {
        found.push_back("must begin after the phase before it");
      }
      if (former.course == LrCourse::kCosineDecay && !SetsRate(phase)) {
        found.push_back("must set a rate: the phase before it decays to 0");
      }
    }
    for (const std::string& problem : found) {
      problems.push_back(absl::StrCat(NameOf(phase, i), ": ", problem));
    }
  }
  return problems.empty() ? absl::OkStatus()
                          : UsageError(absl::StrCat(
                                "regime: ", absl::StrJoin(problems, "; ")));
}

OptimizerOptions Regime::At(const TaskPosition& position) const {
  const int64_t per_epoch = std::max<int64_t>(position.steps_per_epoch, 1);
  const int64_t now = position.epoch * per_epoch + position.step;
  const int64_t end_of_task = position.epochs * per_epoch;
  OptimizerOptions options = base_;
  for (size_t i = 0; i < phases_.size(); ++i) {
    const RegimePhase& phase = phases_[i];
    const int64_t begin = FirstStep(phase, per_epoch);
    if (begin > now) break;
    const int64_t end = std::max(
        begin + 1, i + 1 < phases_.size() ? FirstStep(phases_[i + 1], per_epoch)
                                          : end_of_task);
    // Of a phase that is over, what it came to.
    const double steps = static_cast<double>(std::min(now, end) - begin);
    const double share = steps / static_cast<double>(end - begin);
    const double before = options.lr;
    options = Apply(phase, base_.lr, options);
    switch (phase.course) {
      case LrCourse::kConstant:
        break;
      case LrCourse::kRampUp:
        options.lr = before * (1 - share) + options.lr * share;
        break;
      case LrCourse::kCosineDecay:
        options.lr *= (1 + std::cos(kPi * share)) / 2;
        break;
      case LrCourse::kExponentialDecay:
        options.lr *= std::pow(phase.decay_rate.value_or(1),
                               steps / static_cast<double>(per_epoch));
        break;
    }
  }
  const int64_t warm_up_steps =
      std::min(warm_up_.epochs, position.epochs) * per_epoch;
  if (now < warm_up_steps && base_.lr > 0) {
    const double first = warm_up_.from_lr / base_.lr;
    options.lr *= first + (1 - first) * static_cast<double>(now) /
                              static_cast<double>(warm_up_steps);
  }
  return options;
}

int Regime::NumStates() const {
  OptimizerOptions options = base_;
  int most = reprise::NumStates(options);
  for (const RegimePhase& phase : phases_) {
    options = Apply(phase, base_.lr, options);
    most = std::max(most, reprise::NumStates(options));
  }
  return most;
}

std::vector<RegimePhase> CifarRegime(int64_t epochs) {
  std::vector<RegimePhase> phases;
  double factor = 1;
  for (const int64_t of_164 : {81, 122}) {
    const int64_t epoch = of_164 * epochs / 164;
    if (epoch == 0) continue;
    factor *= 0.1;
    RegimePhase phase;
    phase.from_epoch = epoch;
    phase.lr_factor = factor;
    phases.push_back(phase);
  }
  return phases;
}

std::vector<RegimePhase> UpstreamCifarRegime() {
  std::vector<RegimePhase> phases;
  double factor = 1;
  for (const int64_t epoch : {81, 122, 164}) {
    factor *= 0.1;
    RegimePhase phase;
    phase.from_epoch = epoch;
    phase.lr_factor = factor;
    phases.push_back(phase);
  }
  return phases;
}

}  // namespace reprise
