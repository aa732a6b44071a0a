#include "launch/settings/regime_literal.h"

#include <map>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "launch/cli/dict_literal.h"
#include "launch/cli/dict_reader.h"
#include "launch/cli/literal_value.h"

namespace reprise {
namespace {

const std::vector<std::string>& OptimizerNames() {
  static const std::vector<std::string>& names = *new std::vector<std::string>{
      "SGD", "Adam", "AdamW", "RMSprop", "Adagrad"};
  return names;
}

// Optimizers' names in any case, as --optimizer takes them.
LiteralDict WithOptimizersNames(LiteralDict dict) {
  for (auto& [key, value] : dict) {
    std::string* name = std::get_if<std::string>(&value.value);
    if (key != "optimizer" || name == nullptr) continue;
    for (const std::string& known : OptimizerNames()) {
      if (absl::EqualsIgnoreCase(*name, known)) *name = known;
    }
  }
  return dict;
}

RegimePhase PhaseOf(const LiteralDict& given, const std::string& context,
                    std::vector<std::string>* problems) {
  RegimePhase phase;
  const LiteralDict dict = WithOptimizersNames(given);
  DictReader reader(dict, context, problems);
  reader.Read("epoch", 0, &phase.from_epoch);
  reader.Read("step", 0, &phase.from_step);
  std::string optimizer, course = "constant";
  reader.Read("optimizer", OptimizerNames(), &optimizer);
  if (!optimizer.empty()) phase.kind = OptimizerKindOf(optimizer);
  reader.Read("course", {"constant", "ramp_up", "cosine", "exponential"},
              &course);
  if (course == "ramp_up") phase.course = LrCourse::kRampUp;
  if (course == "cosine") phase.course = LrCourse::kCosineDecay;
  if (course == "exponential") phase.course = LrCourse::kExponentialDecay;
  reader.Read("lr", 0.0, &phase.lr);
  reader.Read("lr_factor", 0.0, &phase.lr_factor);
  reader.Read("decay_rate", 0.0, &phase.decay_rate);
  reader.Read("momentum", 0.0, &phase.momentum);
  reader.Read("weight_decay", 0.0, &phase.weight_decay);
  reader.Read("dampening", 0.0, &phase.dampening);
  reader.Read("nesterov", &phase.nesterov);
  reader.Read("beta1", 0.0, &phase.beta1);
  reader.Read("beta2", 0.0, &phase.beta2);
  reader.Read("epsilon", 0.0, &phase.epsilon);
  reader.Read("alpha", 0.0, &phase.alpha);
  reader.Finish();
  if (!phase.from_epoch.has_value() && !phase.from_step.has_value()) {
    problems->push_back(
        absl::StrCat(context, ": expected 'epoch' or 'step', found neither"));
  }
  return phase;
}

}  // namespace

OptimizerKind OptimizerKindOf(absl::string_view name) {
  static const auto& kinds = *new std::map<std::string, OptimizerKind>{
      {"SGD", OptimizerKind::kSgd},
      {"Adam", OptimizerKind::kAdam},
      {"AdamW", OptimizerKind::kAdamW},
      {"RMSprop", OptimizerKind::kRmsProp},
      {"Adagrad", OptimizerKind::kAdagrad}};
  const auto found = kinds.find(std::string(name));
  REPRISE_CHECK(found != kinds.end()) << "optimizer " << name;
  return found->second;
}

OptimizerOptions OptimizerOf(const ExperimentSpec& spec) {
  OptimizerOptions options;
  options.kind = OptimizerKindOf(spec.optimizer);
  options.lr = spec.lr;
  options.momentum = spec.momentum;
  options.weight_decay = spec.weight_decay;
  options.nesterov = spec.nesterov;
  return options;
}

std::vector<RegimePhase> ParseRegime(absl::string_view text, int64_t epochs,
                                     std::vector<std::string>* problems) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(text);
  if (absl::EqualsIgnoreCase(stripped, "none")) return {};
  if (absl::EqualsIgnoreCase(stripped, "cifar")) return CifarRegime(epochs);
  if (absl::EqualsIgnoreCase(stripped, "upstream")) {
    return UpstreamCifarRegime();
  }
  std::vector<RegimePhase> phases;
  if (!absl::StartsWith(stripped, "[")) {
    problems->push_back(absl::StrCat(
        "--regime: expected none, cifar, upstream or a list of phases like "
        "\"[{'epoch': 5, 'lr_factor': 0.1}]\", found '",
        Printable(text), "'",
        DidYouMean(absl::AsciiStrToLower(stripped),
                   {"none", "cifar", "upstream"})));
    return phases;
  }
  const absl::StatusOr<LiteralList> list = ParseListLiteral(text);
  if (!list.ok()) {
    problems->push_back(absl::StrCat("--regime: ", list.status().message()));
    return phases;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string context = absl::StrCat("--regime: phase ", i + 1);
    if (const auto* phase = std::get_if<LiteralDict>(&(*list)[i].value)) {
      phases.push_back(PhaseOf(*phase, context, problems));
    } else {
      problems->push_back(absl::StrCat(context, ": expected a dict, found ",
                                       ToPythonLiteral((*list)[i])));
    }
  }
  return phases;
}

}  // namespace reprise
