// The value of --hosts: "node-1:2,node-2:2", hosts and how many ranks each
// runs, or "@FILE" with the same.
#ifndef REPRISE_LAUNCH_MPIRUN_HOST_LIST_H_
#define REPRISE_LAUNCH_MPIRUN_HOST_LIST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct Host {
  std::string name;  // of letters, digits, '.', '-' and '_', or an IPv4 address
  int64_t ranks = 1;
};

// "name" alone is one rank; a name given again adds its ranks, in the place of
// the first: "a,b,a" is "a:2,b:1". Names of this host come as mpirun knows them
// ("LOCALHOST" is localhost). UsageError with the place in the text, what was
// expected and what was found. At most 65,536 ranks in all.
absl::StatusOr<std::vector<Host>> ParseHostList(absl::string_view text);

// A file, or pipe, with a host a line, "node-1:2", "node-1 slots=2" as mpirun
// has it (its max_slots is read over), or "node-1" alone, once for each slot as
// in $PBS_NODEFILE; '#' begins a comment. UsageError with file and line, what
// was expected and what was found.
absl::StatusOr<std::vector<Host>> ReadHostFile(const std::string& path);

// What ParseHostList reads.
std::string HostListText(const std::vector<Host>& hosts);

int64_t RanksOnAll(const std::vector<Host>& hosts);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_HOST_LIST_H_
