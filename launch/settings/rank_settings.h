// The processes of a job: how many, where, and on which cores.
#ifndef REPRISE_LAUNCH_SETTINGS_RANK_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RANK_SETTINGS_H_

#include <cstdint>
#include <string>

#include "launch/cli/enum_names.h"

namespace reprise {

enum class Network { kAuto, kInfiniBand, kTcp };
inline constexpr EnumName<Network> kNetworkNames[] = {
    {Network::kAuto, "auto"},
    {Network::kInfiniBand, "ib"},
    {Network::kTcp, "tcp"}};
inline EnumNames<Network> NamesOf(Network) { return kNetworkNames; }

// launch/process/threads/core_binding.h.
enum class CoreBinding { kAuto, kCores, kNone };
inline constexpr EnumName<CoreBinding> kCoreBindingNames[] = {
    {CoreBinding::kAuto, "auto"},
    {CoreBinding::kCores, "cores"},
    {CoreBinding::kNone, "none"}};
inline EnumNames<CoreBinding> NamesOf(CoreBinding) { return kCoreBindingNames; }

// launch/process/rank_output.h.
enum class RankOutput { kPlain, kPrefixed, kFiles };
inline constexpr EnumName<RankOutput> kRankOutputNames[] = {
    {RankOutput::kPlain, "plain"},
    {RankOutput::kPrefixed, "prefixed"},
    {RankOutput::kFiles, "files"}};
inline EnumNames<RankOutput> NamesOf(RankOutput) { return kRankOutputNames; }

struct RankSettings {
  int64_t count = 1;
  // `count` is that of the job that this process was started in.
  bool of_job = false;
  std::string hosts;  // "a:2,b:2", also where a file said so
  Network network = Network::kAuto;
  int64_t threads = 0;  // per rank; 0: cores / local ranks
  CoreBinding bind = CoreBinding::kAuto;
  RankOutput output = RankOutput::kPlain;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_RANK_SETTINGS_H_
