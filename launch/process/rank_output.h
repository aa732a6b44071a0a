// Where the lines of ranks other than 0 go: --output. Rank 0 is the one that
// the user reads; it is left alone.
#ifndef REPRISE_LAUNCH_PROCESS_RANK_OUTPUT_H_
#define REPRISE_LAUNCH_PROCESS_RANK_OUTPUT_H_

#include <string>

#include "absl/status/status.h"
#include "launch/cli/enum_names.h"
#include "launch/process/rank_process.h"

namespace reprise {

// --output. kPlain: where they come from, as they are. The others put a process
// between, which reads this rank's stdout and stderr until the rank is gone,
// however it ends (a thread would lose the last words of a crash):
//   kPrefixed  each line on stderr behind "rank 3: ", in a job on several hosts
//              "rank 3 (node-2): "
//   kFiles     each line in rank-3.txt of the results folder, which then must
//              be told (SendOutputTo); what the log says of this rank, warnings
//              and errors, is on stderr, too, and so is all before a rank that
//              ends without having had a folder
enum class RankOutput { kPlain, kPrefixed, kFiles };
inline constexpr EnumName<RankOutput> kRankOutputNames[] = {
    {RankOutput::kPlain, "plain"},
    {RankOutput::kPrefixed, "prefixed"},
    {RankOutput::kFiles, "files"}};
inline EnumNames<RankOutput> NamesOf(RankOutput) { return kRankOutputNames; }

// Before any thread is started.
absl::Status RedirectOutput(RankOutput output, const RankPlace& place);

// With kFiles: this rank's lines, from the first, are in a file of `folder`,
// which is made on hosts that do not share it.
void SendOutputTo(const std::string& folder);

// All lines are where they belong, and what follows is plain: last thing but
// ReportCompletion.
void FinishOutput();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_RANK_OUTPUT_H_
