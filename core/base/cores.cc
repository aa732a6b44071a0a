#include "core/base/cores.h"

#include <sched.h>

#include <algorithm>
#include <bitset>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"

namespace reprise {
namespace {

// Empty if there is none.
std::string ReadIfThere(const std::string& path) {
  auto content = ReadWholeFile(path);
  return content.ok() ? *std::move(content) : "";
}

bool HoldsWord(absl::string_view words, absl::string_view word) {
  for (const absl::string_view one : absl::StrSplit(words, ',')) {
    if (one == word) return true;
  }
  return false;
}

// Where a hierarchy that can limit cores is mounted.
struct Mount {
  bool version2 = false;
  std::string root;  // the group that is seen at `point`
  std::string point;
};

std::vector<Mount> MountsOf(absl::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const absl::string_view line : absl::StrSplit(mountinfo, '\n')) {
    // "36 35 98:0 /root /point rw,noatime master:1 - type source options".
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(line, absl::MaxSplits(" - ", 1));
    const std::vector<absl::string_view> left =
        absl::StrSplit(halves.first, ' ');
    const std::vector<absl::string_view> right =
        absl::StrSplit(halves.second, ' ');
    if (left.size() < 5 || right.size() < 3) continue;
    Mount mount;
    mount.version2 = right[0] == "cgroup2";
    if (!mount.version2 &&
        !(right[0] == "cgroup" && HoldsWord(right[2], "cpu"))) {
      continue;
    }
    const auto unescaped = [](absl::string_view text) {
      return absl::StrReplaceAll(
          text,
          {{"\\040", " "}, {"\\011", "\t"}, {"\\012", "\n"}, {"\\134", "\\"}});
    };
    mount.root = unescaped(left[3]);
    mount.point = unescaped(left[4]);
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

// The process's group in the hierarchy of `mount`, from /proc/self/cgroup:
// "0::/group" (cgroup 2), "4:cpu,cpuacct:/group". Empty if there is none.
std::string GroupOf(absl::string_view self, const Mount& mount) {
  for (const absl::string_view line : absl::StrSplit(self, '\n')) {
    const std::vector<absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 2));
    if (parts.size() != 3) continue;
    if (mount.version2 ? parts[0] == "0" && parts[1].empty()
                       : HoldsWord(parts[1], "cpu")) {
      return std::string(parts[2]);
    }
  }
  return "";
}

// Where `group` is below the mount point, without a slash at its end; none
// where the mount does not show it.
std::optional<std::string> BelowMount(const std::string& group,
                                      const Mount& mount) {
  const std::string seen = mount.root == "/" ? "" : mount.root;
  if (group.empty() ||
      (group != seen && !absl::StartsWith(group, seen + "/"))) {
    return std::nullopt;
  }
  std::string below = group.substr(seen.size());
  // Above what this process sees.
  if (absl::StartsWith(below, "/..")) return std::nullopt;
  while (!below.empty() && below.back() == '/') below.pop_back();
  return below;
}

// What the files of one group say.
std::optional<double> QuotaOfGroup(const std::string& folder, bool version2) {
  // cgroup 2: "max 100000", "150000 100000".
  const std::string text =
      version2 ? ReadIfThere(folder + "/cpu.max")
               : absl::StrCat(ReadIfThere(folder + "/cpu.cfs_quota_us"), " ",
                              ReadIfThere(folder + "/cpu.cfs_period_us"));
  const std::vector<absl::string_view> numbers =
      absl::StrSplit(text, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  double quota = 0, period = 0;
  if (numbers.size() != 2 || !absl::SimpleAtod(numbers[0], &quota) ||
      !absl::SimpleAtod(numbers[1], &period) || !(quota > 0) || !(period > 0)) {
    return std::nullopt;  // "max"; -1 in cgroup 1
  }
  return quota / period;
}

}  // namespace

int UsableCores() {
  const int cores = NumCores(UsableCoreMask());
  return WithinQuota(
      cores > 0 ? cores
                : static_cast<int>(std::thread::hardware_concurrency()));
}

CoreMask UsableCoreMask() {
  CoreMask mask = {};
  cpu_set_t usable;
  static_assert(sizeof(usable) == sizeof(mask));
  if (sched_getaffinity(0, sizeof(usable), &usable) == 0) {
    std::memcpy(mask.data(), &usable, sizeof(mask));
  }
  return mask;
}

int NumCores(const CoreMask& mask) {
  int cores = 0;
  for (const uint64_t word : mask) {
    cores += static_cast<int>(std::bitset<64>(word).count());
  }
  return cores;
}

std::optional<double> CoreQuota(const std::string& root) {
  const std::string self = ReadIfThere(root + "/proc/self/cgroup");
  const std::vector<Mount> mounts =
      MountsOf(ReadIfThere(root + "/proc/self/mountinfo"));
  // By version: whether a mount shows the process's group.
  bool shown[] = {false, false};
  for (const Mount& mount : mounts) {
    if (BelowMount(GroupOf(self, mount), mount).has_value()) {
      shown[mount.version2] = true;
    }
  }
  std::optional<double> least;
  for (const Mount& mount : mounts) {
    const std::string group = GroupOf(self, mount);
    if (group.empty()) continue;
    const std::optional<std::string> place = BelowMount(group, mount);
    // A container often sees its own group at the mount point, under another
    // name than its own; other groups may be mounted beside the one that fits.
    if (!place.has_value() && shown[mount.version2]) continue;
    std::string below = place.value_or("");
    for (;;) {
      const std::optional<double> quota =
          QuotaOfGroup(absl::StrCat(root, mount.point, below), mount.version2);
      if (quota.has_value()) least = std::min(least.value_or(*quota), *quota);
      if (below.empty()) break;
      below.resize(below.rfind('/'));
    }
  }
  return least;
}

int WithinQuota(int cores, std::optional<double> quota) {
  if (!quota.has_value() || *quota >= cores) return cores;
  return std::max(1, static_cast<int>(*quota));
}

}  // namespace reprise
