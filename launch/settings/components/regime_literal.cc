#include "launch/settings/components/regime_literal.h"

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/nearest_name.h"
#include "core/base/utf8.h"
#include "launch/cli/dict_keys.h"
#include "launch/cli/dict_literal.h"
#include "launch/cli/enum_names.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/optimizer_settings.h"

namespace reprise {

constexpr EnumName<LrCourse> kLrCourseNames[] = {
    {LrCourse::kConstant, "constant"},
    {LrCourse::kRampUp, "ramp_up"},
    {LrCourse::kCosineDecay, "cosine"},
    {LrCourse::kExponentialDecay, "exponential"}};
EnumNames<LrCourse> NamesOf(LrCourse) { return kLrCourseNames; }

namespace {

// In any case, as --optimizer takes it.
DictKey<RegimePhase> OptimizerKey() {
  DictKey<RegimePhase> key = BindKey("optimizer", &RegimePhase::kind);
  key.read = [](const LiteralValue& value,
                RegimePhase* phase) -> std::optional<Misfit> {
    std::string name;
    std::optional<Misfit> misfit;
    if (value.IsNone()) return misfit;
    misfit =
        StoreName(value, AllNames<OptimizerKind>(), /*any_case=*/true, &name);
    if (!misfit.has_value()) phase->kind = ValueOf<OptimizerKind>(name);
    return misfit;
  };
  return key;
}

const std::vector<DictKey<RegimePhase>>& PhaseKeys() {
  using P = RegimePhase;
  static const auto& keys = *new std::vector<DictKey<RegimePhase>>{
      BindKey("epoch", &P::from_epoch),
      BindKey("step", &P::from_step),
      OptimizerKey(),
      BindKey("course", &P::course),
      BindKey("lr", &P::lr),
      BindKey("lr_factor", &P::lr_factor),
      BindKey("decay_rate", &P::decay_rate),
      BindKey("momentum", &P::momentum),
      BindKey("weight_decay", &P::weight_decay),
      BindKey("dampening", &P::dampening),
      BindKey("nesterov", &P::nesterov),
      BindKey("beta1", &P::beta1),
      BindKey("beta2", &P::beta2),
      BindKey("epsilon", &P::epsilon),
      BindKey("alpha", &P::alpha)};
  return keys;
}

RegimePhase PhaseOf(const LiteralDict& dict, const std::string& context,
                    std::vector<std::string>* problems) {
  RegimePhase phase;
  ReadDict(dict, PhaseKeys(), context, &phase, problems);
  if (!phase.from_epoch.has_value() && !phase.from_step.has_value()) {
    problems->push_back(
        absl::StrCat(context, ": expected 'epoch' or 'step', found neither"));
  }
  return phase;
}

}  // namespace

std::vector<RegimePhase> ParseRegime(absl::string_view text, int64_t epochs,
                                     std::vector<std::string>* problems) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(text);
  if (absl::EqualsIgnoreCase(stripped, kNoRegime)) return {};
  if (absl::EqualsIgnoreCase(stripped, kCifarRegime)) {
    return CifarRegime(epochs);
  }
  if (absl::EqualsIgnoreCase(stripped, kUpstreamRegime)) {
    return UpstreamCifarRegime();
  }
  std::vector<RegimePhase> phases;
  if (!absl::StartsWith(stripped, "[")) {
    problems->push_back(absl::StrCat(
        "--regime: expected none, cifar, upstream or a list of phases like "
        "\"[{'epoch': 5, 'lr_factor': 0.1}]\", found '",
        Printable(text), "'",
        DidYouMean(absl::AsciiStrToLower(stripped),
                   {kNoRegime, kCifarRegime, kUpstreamRegime})));
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
