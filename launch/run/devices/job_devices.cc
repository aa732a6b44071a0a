#include "launch/run/devices/job_devices.h"

#include <cstddef>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/device/gpu/gpu_assignment.h"
#include "launch/process/threads/core_binding.h"
#include "launch/run/ranks/packed_json.h"
#include "nlohmann/json.hpp"

namespace reprise {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RankDevice, host, on_gpu, missing,
                                   is_expected)

namespace {

// "ranks 0-3 on node-1, rank 4 on node-2"; of a job of one rank "".
std::string NameRanks(const std::vector<int>& numbers,
                      const std::vector<RankDevice>& ranks) {
  if (ranks.size() == 1) return "";
  std::vector<std::string> hosts, names;
  std::map<std::string, std::vector<int>> of_host;
  for (const int number : numbers) {
    std::vector<int>& there = of_host[ranks[number].host];
    if (there.empty()) hosts.push_back(ranks[number].host);
    there.push_back(number);
  }
  for (const std::string& host : hosts) {
    const std::vector<int>& there = of_host[host];
    names.push_back(absl::StrCat(there.size() == 1 ? "rank " : "ranks ",
                                 RangesOf(there), " on ", host));
  }
  return absl::StrJoin(names, ", ");
}

// A line for each reason, "RANKS: REASON", in the order of ranks; of the ranks
// that `tells` is true for.
template <typename Tells>
std::vector<std::string> Reasons(const std::vector<RankDevice>& ranks,
                                 Tells tells) {
  std::vector<std::string> reasons, lines;
  std::map<std::string, std::vector<int>> of_reason;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    if (ranks[rank].on_gpu || !tells(ranks[rank])) continue;
    std::vector<int>& numbers = of_reason[ranks[rank].missing];
    if (numbers.empty()) reasons.push_back(ranks[rank].missing);
    numbers.push_back(static_cast<int>(rank));
  }
  for (const std::string& reason : reasons) {
    const std::string names = NameRanks(of_reason[reason], ranks);
    lines.push_back(names.empty() ? reason : absl::StrCat(names, ": ", reason));
  }
  return lines;
}

struct GpusOfHost {
  int gpu = 0;                       // this rank's
  std::vector<std::string> of_host;  // PCI ids
};

// Collective: the ranks of this host share out what they see.
absl::StatusOr<GpusOfHost> ShareOutGpus(Communicator& communicator,
                                        const DeviceSource& source) {
  std::vector<std::string> mine = source.pci_ids();
  mine.insert(mine.begin(), source.host);
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> all,
      AllGatherStrings(communicator, absl::StrJoin(mine, "\n")));
  std::vector<std::vector<std::string>> visible;
  size_t own = 0;
  for (size_t rank = 0; rank < all.size(); ++rank) {
    std::vector<std::string> lines = absl::StrSplit(all[rank], '\n');
    if (lines[0] != source.host) continue;
    if (static_cast<int>(rank) == communicator.rank()) own = visible.size();
    lines.erase(lines.begin());
    visible.push_back(std::move(lines));
  }
  const std::vector<int> taken = AssignGpus(visible);
  GpusOfHost gpus;
  gpus.gpu = taken[own];
  for (size_t i = 0; i < visible.size(); ++i) {
    gpus.of_host.push_back(taken[i] < 0 ? "" : visible[i][taken[i]]);
  }
  return gpus;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> CompareDevices(
    DeviceKind wanted, const std::vector<RankDevice>& ranks) {
  std::vector<int> on_gpus;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    if (ranks[rank].on_gpu) on_gpus.push_back(static_cast<int>(rank));
  }
  std::vector<std::string> warnings;
  if (on_gpus.size() == ranks.size()) return warnings;
  const std::string reasons = absl::StrJoin(
      Reasons(ranks, [](const RankDevice&) { return true; }), "; ");
  if (wanted == DeviceKind::kCuda) {
    return UsageError(absl::StrCat("--device=cuda: ", reasons,
                                   "; --device=cpu runs without"));
  }
  if (!on_gpus.empty()) {
    return UsageError(absl::StrCat(
        "--device=auto: expected GPUs for all ranks or for none, found some "
        "for ",
        NameRanks(on_gpus, ranks), " and none for ", reasons,
        "; repair that, leave those hosts out, or take --device=cpu"));
  }
  for (const std::string& line : Reasons(
           ranks, [](const RankDevice& rank) { return rank.is_expected; })) {
    warnings.push_back(absl::StrCat("computing on the CPU: ", line));
  }
  return warnings;
}

DeviceSource DevicesOfThisProcess() {
  return {HostName(), [] { return FindGpus().pci_ids; },
          [](int gpu) { return ChooseDevice(DeviceKind::kAuto, gpu); }};
}

absl::StatusOr<JobDevices> ChooseJobDevices(DeviceKind wanted,
                                            Communicator& communicator,
                                            const DeviceSource& source) {
  JobDevices devices;
  if (wanted == DeviceKind::kCpu) return devices;
  REPRISE_ASSIGN_OR_RETURN(const GpusOfHost gpus,
                           ShareOutGpus(communicator, source));
  const absl::StatusOr<DeviceChoice> choice =
      source.choose(gpus.gpu < 0 ? 0 : gpus.gpu);
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, choice.status()));
  devices.own = choice->device;
  REPRISE_ASSIGN_OR_RETURN(
      const std::vector<std::string> packed,
      AllGatherStrings(
          communicator,
          PackJson(RankDevice{source.host, choice->device.is_cuda(),
                              choice->missing, choice->is_expected})));
  std::vector<RankDevice> ranks;
  for (const std::string& rank : packed) {
    REPRISE_ASSIGN_OR_RETURN(
        RankDevice unpacked,
        UnpackJson<RankDevice>(rank, "the device of a rank"));
    ranks.push_back(std::move(unpacked));
  }
  absl::StatusOr<std::vector<std::string>> warnings =
      CompareDevices(wanted, ranks);
  // Each rank has computed the same.
  if (!warnings.ok()) return MarkAgreed(warnings.status());
  devices.warnings = *std::move(warnings);
  if (devices.own.is_cuda()) devices.gpus_of_host = gpus.of_host;
  return devices;
}

}  // namespace reprise
