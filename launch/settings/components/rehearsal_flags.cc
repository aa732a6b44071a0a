#include <string>

#include "absl/strings/str_cat.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/components/component.h"
#include "launch/settings/components/nearer_form.h"

namespace reprise {
namespace {

void Derive(ResolvedSettings& resolved) {
  RehearsalSettings& rehearsal = resolved.spec.rehearsal;
  TakeNearerForm("global-representatives", "'num_samples' in --agent-config",
                 "agent-config.num_samples", &rehearsal.global_representatives,
                 resolved);
  TakeNearerForm("global-candidates", "'num_candidates' in --agent-config",
                 "agent-config.num_candidates", &rehearsal.global_candidates,
                 resolved);
}

std::string WhyNoCandidates(const ExperimentSpec& spec) {
  const AgentSettingsRow& row = RowOf(spec.agent);
  if (row.traits(spec.agent).offers_every_sample) {
    return absl::StrCat(row.name, " offers every incoming sample");
  }
  return WhyNothingDrawn(spec);
}

std::string WhyUnbuffered(const ExperimentSpec& spec) {
  const std::string reason = WhyNoRehearsal(spec);
  return reason.empty() ? WhyNoBuffer(spec) : reason;
}

}  // namespace

Component RehearsalFlags() {
  const Bind<RehearsalSettings> rehearsal(&ExperimentSpec::rehearsal);
  using R = RehearsalSettings;
  return {
      "Training",
      {
          rehearsal("global-representatives", &R::global_representatives, "N",
                    "drawn a step over all ranks, in place of num_samples")
              .From(0)
              .Unused(WhyNothingDrawn)
              .Behind("global-batch-size"),
          rehearsal("global-candidates", &R::global_candidates, "N",
                    "offered a step over all ranks, in place of "
                    "num_candidates")
              .From(1)
              .Unused(WhyNoCandidates),
          rehearsal("buffer", &R::buffer, "KIND",
                    "of nil and er: one over all ranks, or local, one for each")
              .Unused(WhyUnbuffered),
          rehearsal("rehearsal", &R::draw, "WHEN",
                    "async: representatives are drawn and sent behind the step "
                    "before; sync: at the start of the step, which waits for "
                    "them")
              .Unused(WhyUnbuffered),
          rehearsal("buffer-memory", &R::memory, "WHERE",
                    "host, or device: rows of the buffer lie on the device "
                    "that computes, and go by NCCL")
              .Unused(WhyUnbuffered),
          rehearsal("capacity", &R::capacity, "SCOPE",
                    "num_representatives are per class over all ranks, or per "
                    "class and rank (with --buffer=local a rank keeps its "
                    "share of global ones)")
              .Unused(WhyUnbuffered),
      },
      Derive};
}

}  // namespace reprise
