#include "launch/settings/agent_rows.h"

#include "absl/strings/str_cat.h"
#include "core/base/check.h"

namespace reprise {
namespace {

const Bind<AgentSettings> kAgent(&ExperimentSpec::agent);

AgentTraits BaseTraits(const AgentSettings& /*settings*/) { return {}; }

AgentTraits NilTraits(const AgentSettings& /*settings*/) {
  AgentTraits traits;
  traits.rehearses = true;
  traits.buffer = BufferPolicy::kClassBalanced;
  traits.appends_to_batches = true;
  traits.selects_on_test_loss = true;
  return traits;
}

AgentTraits ErTraits(const AgentSettings& /*settings*/) {
  AgentTraits traits;
  traits.rehearses = true;
  traits.buffer = BufferPolicy::kReservoir;
  traits.appends_to_batches = true;
  traits.offers_every_sample = true;
  return traits;
}

// The exemplars of the paper's iCaRL come in with the epoch.
AgentTraits IcarlTraits(const AgentSettings& settings) {
  AgentTraits traits;
  traits.rehearses = true;
  traits.appends_to_batches =
      settings.icarl.implementation == IcarlImplementation::kUpstream;
  return traits;
}

void CheckIcarl(const ExperimentSpec& spec,
                std::vector<std::string>& problems) {
  if (spec.training.batches_per_allreduce > 1 && !spec.recipe.scratch &&
      spec.agent.icarl.implementation == IcarlImplementation::kUpstream) {
    problems.push_back(absl::StrCat(
        "--batches-per-allreduce=", spec.training.batches_per_allreduce,
        " contradicts 'implementation': 'upstream' of icarl, whose loss has a "
        "mean over the whole batch"));
  }
}

LiteralDict UpstreamIcarlKeys() {
  return {{"implementation", LiteralOf(IcarlImplementation::kUpstream)}};
}

}  // namespace

const std::vector<AgentSettingsRow>& AgentSettingsRows() {
  static const auto& rows = *new std::vector<AgentSettingsRow>{
      {"base", "base", "plain fine-tuning", BaseTraits, {}, {}, nullptr},
      {"nil", "NIL", "rehearsal, class-balanced", NilTraits, {}, {}, nullptr},
      {"icarl",
       "iCaRL",
       "",
       IcarlTraits,
       {kAgent.Key("implementation", &AgentSettings::icarl,
                   &IcarlSettings::implementation)},
       UpstreamIcarlKeys(),
       CheckIcarl},
      {"er",
       "ER",
       "rehearsal from a reservoir; every incoming sample is a candidate",
       ErTraits,
       {},
       {},
       nullptr}};
  return rows;
}

const AgentSettingsRow* FindAgentRow(absl::string_view name) {
  for (const AgentSettingsRow& row : AgentSettingsRows()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const AgentSettingsRow& RowOf(const AgentSettings& settings) {
  const AgentSettingsRow* row = FindAgentRow(settings.name);
  REPRISE_CHECK(row != nullptr) << "agent " << settings.name;
  return *row;
}

AgentTraits TraitsOf(const ExperimentSpec& spec) {
  return spec.recipe.scratch ? AgentTraits()
                             : RowOf(spec.agent).traits(spec.agent);
}

std::string WhyNoRehearsal(const ExperimentSpec& spec) {
  if (TraitsOf(spec).rehearses) return "";
  return absl::StrCat(spec.recipe.scratch
                          ? "--scratch"
                          : absl::StrCat("agent ", spec.agent.name),
                      " does not rehearse");
}

std::string WhyNothingDrawn(const ExperimentSpec& spec) {
  const AgentTraits traits = TraitsOf(spec);
  if (!traits.rehearses || traits.appends_to_batches) return "";
  return absl::StrCat(RowOf(spec.agent).title, "'s exemplars join the epoch");
}

std::string WhyNoBuffer(const ExperimentSpec& spec) {
  const AgentTraits traits = TraitsOf(spec);
  if (!traits.rehearses || traits.buffer.has_value()) return "";
  return absl::StrCat(RowOf(spec.agent).title,
                      "'s exemplars are rows of the data set");
}

}  // namespace reprise
