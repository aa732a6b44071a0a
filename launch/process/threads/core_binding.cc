#include "launch/process/threads/core_binding.h"

#include <sched.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <map>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/cores.h"
#include "core/base/file.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "launch/process/numbered_entries.h"
#include "launch/process/threads/thread_count.h"

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

// `thread`: its number, 0 for this one. One that has ended needs no cores.
absl::Status BindThread(CoreBinding bind, pid_t thread,
                        const std::vector<int>& cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int core : cores) CPU_SET(core, &set);
  if (sched_setaffinity(thread, sizeof(set), &set) == 0 || errno == ESRCH) {
    return absl::OkStatus();
  }
  return UsageError(absl::StrCat("--bind=", NameOf(bind),
                                 ": cannot bind to cores ", RangesOf(cores),
                                 ": ", strerror(errno), "; use --bind=none"));
}

}  // namespace

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

std::vector<std::vector<int>> ShareOut(
    const std::vector<int>& cores, const std::vector<std::vector<int>>& near) {
  const int64_t ranks = static_cast<int64_t>(near.size());
  const int64_t all = static_cast<int64_t>(cores.size());
  std::vector<std::vector<int>> shares(near.size());
  std::set<int> taken;
  // Gives the rank cores that are free and allowed until it has `most`.
  const auto give = [&](int64_t rank, size_t most, const auto& allowed) {
    for (const int core : cores) {
      if (shares[rank].size() >= most) return;
      if (!allowed(core) || !taken.insert(core).second) continue;
      shares[rank].push_back(core);
    }
  };
  std::map<std::set<int>, std::vector<int64_t>> ranks_near;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    std::set<int> usable;
    for (const int core : cores) {
      if (absl::c_linear_search(near[rank], core)) usable.insert(core);
    }
    ranks_near[usable].push_back(rank);
  }
  for (const auto& [usable, sharing] : ranks_near) {
    const int64_t count = static_cast<int64_t>(sharing.size());
    for (int64_t i = 0; i < count; ++i) {
      const int64_t part = SliceSize(usable.size(), i, count);
      const int64_t most = SliceSize(all, sharing[i], ranks);
      give(sharing[i], std::min(part, most),
           [&usable = usable](int core) { return usable.count(core) != 0; });
    }
  }
  for (int64_t rank = 0; rank < ranks; ++rank) {
    give(rank, SliceSize(all, rank, ranks), [](int) { return true; });
  }
  return shares;
}

absl::StatusOr<RankCores> ShareOfRank(CoreBinding bind, int64_t threads,
                                      const RankPlace& place, bool has_launcher,
                                      std::vector<int> cores) {
  RankCores share;
  const int64_t all = static_cast<int64_t>(cores.size());
  const bool fits =
      has_launcher && place.local_size > 0 && threads * place.local_size <= all;
  if (bind == CoreBinding::kCores && place.local_size != 1 && !fits) {
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
  share.bound = bind != CoreBinding::kNone && fits && place.local_size > 1;
  if (share.bound) {
    share.threads = threads;
    share.of_host = std::move(cores);
    share.cores = ShareOut(
        share.of_host,
        std::vector<std::vector<int>>(place.local_size))[place.local_rank];
  } else {
    share.cores = std::move(cores);
  }
  std::sort(share.cores.begin(), share.cores.end());
  return share;
}

absl::StatusOr<RankCores> BindRank(CoreBinding bind, int64_t threads,
                                   const RankPlace& place) {
  REPRISE_ASSIGN_OR_RETURN(
      RankCores share,
      ShareOfRank(bind, ThreadsOfRank(threads, place.local_size, UsableCores()),
                  place, HasLauncher(),
                  InOrderOfSockets(CoresOfThisProcess())));
  if (!share.bound) return share;
  REPRISE_RETURN_IF_ERROR(BindThread(bind, /*thread=*/0, share.cores));
  return share;
}

std::vector<int> CoresNearGpu(absl::string_view pci_id,
                              const std::string& sys) {
  if (pci_id.empty()) return {};
  const auto text = ReadWholeFile(
      absl::StrCat(sys, "/bus/pci/devices/", pci_id, "/local_cpulist"));
  if (!text.ok()) return {};
  return ParseRanges(absl::StripAsciiWhitespace(*text));
}

RankCores ShareByGpu(CoreBinding bind, const RankCores& bound, int local_rank,
                     const std::vector<std::string>& gpus,
                     const std::string& sys) {
  if (!bound.bound) return bound;
  RankCores share = bound;
  if (bind == CoreBinding::kAuto &&
      bound.of_host.size() < kCoresOfGpuRank * gpus.size()) {
    share.bound = false;
    share.cores = bound.of_host;
  } else {
    std::vector<std::vector<int>> near;
    for (const std::string& gpu : gpus) near.push_back(CoresNearGpu(gpu, sys));
    share.cores = ShareOut(bound.of_host, near)[local_rank];
  }
  std::sort(share.cores.begin(), share.cores.end());
  return share;
}

absl::StatusOr<RankCores> BindRankByGpu(CoreBinding bind,
                                        const RankCores& bound, int local_rank,
                                        const std::vector<std::string>& gpus) {
  const RankCores share = ShareByGpu(bind, bound, local_rank, gpus);
  if (share.cores == bound.cores) return share;
  // One that is started meanwhile, by one that is not bound yet, may be missing
  // in the list: until there is none that is new.
  std::set<int> bound_threads;
  bool is_complete = false;
  while (!is_complete) {
    is_complete = true;
    std::error_code error;
    for (const int thread : NumberedEntries("/proc/self/task", &error)) {
      if (!bound_threads.insert(thread).second) continue;
      REPRISE_RETURN_IF_ERROR(BindThread(bind, thread, share.cores));
      is_complete = false;
    }
    if (error) {
      return UsageError(absl::StrCat(
          "--bind=", NameOf(bind),
          ": cannot list the threads of this process, /proc/self/task: ",
          error.message(), "; use --bind=none"));
    }
  }
  return share;
}

std::vector<int> ParseRanges(absl::string_view ranges) {
  std::vector<int> cores;
  for (const absl::string_view range :
       absl::StrSplit(ranges, ',', absl::SkipEmpty())) {
    const std::vector<absl::string_view> ends = absl::StrSplit(range, '-');
    int first = 0, last = 0;
    if (!absl::SimpleAtoi(ends.front(), &first) ||
        !absl::SimpleAtoi(ends.back(), &last)) {
      continue;
    }
    for (int core = first; core <= last; ++core) cores.push_back(core);
  }
  return cores;
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
