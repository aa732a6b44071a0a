// What the ranks of a run must have in common before they train: program,
// settings and data. A difference ends the run on all of them, in a line that
// names the two ranks and what each of them has.
#ifndef REPRISE_LAUNCH_RUN_RANKS_RANK_AGREEMENT_H_
#define REPRISE_LAUNCH_RUN_RANKS_RANK_AGREEMENT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/comm/communicator.h"
#include "data/dataset.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// Collective. OK if every rank has the same lines, "name = value" each. Else a
// UsageError, the same on all ranks (IsAgreed): the first rank that
// differs from rank 0 and the first line in which it does, both versions.
// `what` says what the lines are, as in "differ in WHAT".
absl::Status AgreeOnLines(Communicator& communicator,
                          const std::vector<std::string>& lines,
                          absl::string_view what);

// Collective. AgreeOnLines of the program's own digest and of all settings. The
// error of a rank that cannot read its program is that of all.
absl::Status AgreeOnConfiguration(Communicator& communicator,
                                  const std::vector<RecordedSetting>& settings);

// Collective. AgreeOnLines of what was read or generated: file by file.
absl::Status AgreeOnData(Communicator& communicator, const DatasetPair& data);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_RANKS_RANK_AGREEMENT_H_
