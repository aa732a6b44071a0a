// The processes of a job: how many, where, and on which cores.
#ifndef REPRISE_LAUNCH_SETTINGS_RANK_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_RANK_SETTINGS_H_

#include <cstdint>
#include <string>

#include "launch/mpirun/command/network.h"
#include "launch/process/rank_output.h"
#include "launch/process/threads/core_binding.h"

namespace reprise {

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
