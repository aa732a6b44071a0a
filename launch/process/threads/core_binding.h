// Which cores of its host a rank runs on: --bind.
//
// The rank binds itself, before it has a thread, so that all of its threads
// (computation, communication, what libraries start) stay on its cores. Not
// mpirun: where a user has given it fewer cores than the host has, 4.1 and 5.0
// count slots against cores differently and refuse what --oversubscribe allows,
// neither knows how many threads a rank computes with, and under srun there is
// no mpirun. What a batch system has given to the job is respected: cores are
// shared out from those that this process may use.
//
// Only in jobs of our own launcher, which has mpirun bind nothing: there all
// ranks of a host may use the same cores. In a job started from outside each
// may have been given its own, and no rank sees those of the others.
#ifndef REPRISE_LAUNCH_PROCESS_THREADS_CORE_BINDING_H_
#define REPRISE_LAUNCH_PROCESS_THREADS_CORE_BINDING_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "launch/cli/enum_names.h"
#include "launch/process/rank_process.h"

namespace reprise {

// --bind; what each means: ShareOfRank, ShareByGpu.
enum class CoreBinding { kAuto, kCores, kNone };
inline constexpr EnumName<CoreBinding> kCoreBindingNames[] = {
    {CoreBinding::kAuto, "auto"},
    {CoreBinding::kCores, "cores"},
    {CoreBinding::kNone, "none"}};
inline EnumNames<CoreBinding> NamesOf(CoreBinding) { return kCoreBindingNames; }

// Cores are the kernel's logical processors, by number.
struct RankCores {
  std::vector<int> cores;  // that the rank may run on, ascending
  bool bound = false;      // they are its own, of this job's ranks
  int64_t threads = 0;     // if bound: of computation, the same on every rank
  // If bound: those that the ranks of the host share, in order of sockets.
  std::vector<int> of_host;
};

// That this process may use, ascending. Empty if the system does not tell: more
// than 1,024 cores.
std::vector<int> CoresOfThisProcess();

// Hardware threads of a core beside each other, cores of a socket beside each
// other, so that slices share as little as possible. `sys`: "/sys", another
// folder in tests; what it does not tell keeps the order of numbers.
std::vector<int> InOrderOfSockets(std::vector<int> cores,
                                  const std::string& sys = "/sys");

// `cores` over ranks, all of them, as even as possible. `near`: of each rank
// the cores near its GPU, empty where it has none or that is not known. A rank
// gets cores near its GPU first, which ranks with the same ones share evenly,
// then what is left; each part is contiguous in `cores`, if its ranks' `near`
// are.
std::vector<std::vector<int>> ShareOut(
    const std::vector<int>& cores, const std::vector<std::vector<int>>& near);

// The share of rank `place.local_rank` of the host's ranks, none of them with a
// GPU. kNone: all; kAuto: the slice where each rank has a core for each of its
// `threads`, else all; kCores: the slice or a UsageError. All for a rank that
// is alone on its host. Without a launcher of ours kAuto is all, and kCores a
// UsageError for a rank that is not known to be alone.
absl::StatusOr<RankCores> ShareOfRank(CoreBinding bind, int64_t threads,
                                      const RankPlace& place, bool has_launcher,
                                      std::vector<int> cores);

// Does that to this process. `threads`: the flag, as ThreadsOfRank
// (thread_count.h) takes it. Before any thread is started.
absl::StatusOr<RankCores> BindRank(CoreBinding bind, int64_t threads,
                                   const RankPlace& place);

// A rank that computes on a GPU has threads beside those of computation, which
// must not wait for each other: autograd's, that of communication, NCCL's
// proxy.
inline constexpr int kCoresOfGpuRank = 3;

// Those near the GPU of this PCI id ("0000:3b:00.0"): its local_cpulist. Empty
// if the kernel does not tell.
std::vector<int> CoresNearGpu(absl::string_view pci_id,
                              const std::string& sys = "/sys");

// The share of a rank once the ranks of the host know their GPUs, `gpus` by
// local rank. Where `bound` says that it is bound: its part of ShareOut; all of
// the host's under kAuto if there are fewer than kCoresOfGpuRank for each
// rank. Else what it was.
RankCores ShareByGpu(CoreBinding bind, const RankCores& bound, int local_rank,
                     const std::vector<std::string>& gpus,
                     const std::string& sys = "/sys");

// Does that to this process, all of its threads. Not in BindRank: which GPU a
// rank has is known when the ranks have compared what they see, and asking the
// driver before RedirectOutput forks would leave the child a broken one.
absl::StatusOr<RankCores> BindRankByGpu(CoreBinding bind,
                                        const RankCores& bound, int local_rank,
                                        const std::vector<std::string>& gpus);

// "0-3,8", and back; what is no range is left out.
std::string RangesOf(const std::vector<int>& cores);
std::vector<int> ParseRanges(absl::string_view ranges);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_PROCESS_THREADS_CORE_BINDING_H_
