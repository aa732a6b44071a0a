#include "launch/mpirun/core_binding.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/cores.h"
#include "core/base/file.h"
#include "core/base/slices.h"
#include "core/base/status.h"

namespace reprise {
namespace {

// -1 if the kernel does not tell.
int ReadTopology(const std::string& sys, int core, const char* name) {
  const auto text = ReadWholeFile(
      absl::StrCat(sys, "/devices/system/cpu/cpu", core, "/topology/", name));
  int number = -1;
  if (!text.ok() ||
      !absl::SimpleAtoi(absl::StripAsciiWhitespace(*text), &number)) {
    return -1;
  }
  return number;
}

// Empty if the system does not tell: more than 1,024 cores.
std::vector<int> CoresOfThisProcess() {
  const CoreMask mask = UsableCoreMask();
  std::vector<int> cores;
  for (size_t core = 0; core < 64 * mask.size(); ++core) {
    if ((mask[core / 64] >> (core % 64) & 1) != 0) {
      cores.push_back(static_cast<int>(core));
    }
  }
  return cores;
}

}  // namespace

std::vector<int> InOrderOfSockets(std::vector<int> cores,
                                  const std::string& sys) {
  std::vector<std::tuple<int, int, int>> places;
  for (const int core : cores) {
    places.emplace_back(ReadTopology(sys, core, "physical_package_id"),
                        ReadTopology(sys, core, "core_id"), core);
  }
  std::sort(places.begin(), places.end());
  for (size_t i = 0; i < cores.size(); ++i) cores[i] = std::get<2>(places[i]);
  return cores;
}

absl::StatusOr<RankCores> ShareOfRank(absl::string_view bind, int64_t threads,
                                      const RankPlace& place, bool has_launcher,
                                      std::vector<int> cores) {
  RankCores share;
  const int64_t all = static_cast<int64_t>(cores.size());
  const bool fits =
      has_launcher && place.local_size > 0 && threads * place.local_size <= all;
  if (bind == "cores" && place.local_size != 1 && !fits) {
    return UsageError(
        has_launcher
            ? absl::StrCat("--bind=cores: ", place.local_size, " ranks of ",
                           threads, threads == 1 ? " thread" : " threads",
                           " on this host need ", threads * place.local_size,
                           " cores, they may use ", all,
                           "; give fewer --ranks or --threads, or --bind=auto, "
                           "which leaves them unbound")
            : "--bind=cores: expected ranks that --ranks or --hosts starts, "
              "found a job started from outside, whose ranks may have cores of "
              "their own already; leave the flag out and bind by what starts "
              "them: srun --cpu-bind=cores, mpirun --bind-to core");
  }
  share.bound = bind != "none" && fits && place.local_size > 1;
  if (share.bound) {
    share.threads = threads;
    const auto begin =
        cores.begin() + SliceBegin(all, place.local_rank, place.local_size);
    share.cores.assign(
        begin, begin + SliceSize(all, place.local_rank, place.local_size));
  } else {
    share.cores = std::move(cores);
  }
  std::sort(share.cores.begin(), share.cores.end());
  return share;
}

absl::StatusOr<RankCores> BindRank(absl::string_view bind, int64_t threads,
                                   const RankPlace& place) {
  REPRISE_ASSIGN_OR_RETURN(
      RankCores share,
      ShareOfRank(bind, ThreadsOfRank(threads, place.local_size, UsableCores()),
                  place, HasLauncher(),
                  InOrderOfSockets(CoresOfThisProcess())));
  if (!share.bound) return share;
  cpu_set_t own;
  CPU_ZERO(&own);
  for (const int core : share.cores) CPU_SET(core, &own);
  if (sched_setaffinity(0, sizeof(own), &own) != 0) {
    return UsageError(absl::StrCat("--bind=", bind, ": cannot bind to cores ",
                                   RangesOf(share.cores), ": ", strerror(errno),
                                   "; use --bind=none"));
  }
  return share;
}

std::string RangesOf(const std::vector<int>& cores) {
  std::vector<std::string> ranges;
  for (size_t i = 0; i < cores.size();) {
    size_t end = i + 1;
    while (end < cores.size() && cores[end] == cores[end - 1] + 1) ++end;
    ranges.push_back(end == i + 1
                         ? absl::StrCat(cores[i])
                         : absl::StrCat(cores[i], "-", cores[end - 1]));
    i = end;
  }
  return absl::StrJoin(ranges, ",");
}

}  // namespace reprise
