#include "launch/mpirun/rank_process.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/cores.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "launch/mpirun/launcher_message.h"

namespace reprise {
namespace {

std::optional<int64_t> ReadNumber(const char* name) {
  const char* text = std::getenv(name);
  int64_t number = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

void Tell(const char* word, const RankPlace& place, absl::string_view rest) {
  if (std::getenv(kLauncherVariable) == nullptr) return;
  std::string message = absl::StrCat(std::string(1, kMessageStart), word, " ",
                                     place.rank, " ", rest);
  message.resize(std::min<size_t>(message.size(), kLongestMessage - 1));
  message += '\n';
  // One write, so that it is not mixed with what other threads write. Should it
  // fail there is nobody left to tell.
  if (write(STDERR_FILENO, message.data(), message.size()) < 0) return;
}

// A signal of the kernel at the parent's death (PR_SET_PDEATHSIG) would come
// too early where the daemon forks from a thread that ends.
void EndWithParent() {
  const pid_t parent = getppid();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // inherited by the thread
  std::thread([parent] {
    while (getppid() == parent) {
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    }
    kill(getpid(), SIGKILL);
  }).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

std::vector<std::string> ProgramArguments(int argc, char** argv) {
  if (argc == 2 && argv[1][0] == kArgumentStart) {
    return absl::StrSplit(argv[1] + 1, kArgumentStart);
  }
  return std::vector<std::string>(argv + 1, argv + argc);
}

absl::StatusOr<std::optional<RankPlace>> FindRankPlace() {
  const auto place = [](int64_t rank, int64_t size) {
    return RankPlace{static_cast<int>(rank), static_cast<int>(size)};
  };
  const auto rank = ReadNumber("OMPI_COMM_WORLD_RANK");
  const auto size = ReadNumber("OMPI_COMM_WORLD_SIZE");
  if (rank.has_value() && size.has_value()) return place(*rank, *size);
  // A step of srun; batch scripts run in a "step" with a huge number.
  const auto step = ReadNumber("SLURM_STEP_ID");
  const auto tasks = ReadNumber("SLURM_STEP_NUM_TASKS");
  const auto process = ReadNumber("SLURM_PROCID");
  constexpr int64_t kFirstSpecialStep = 0xFFFFFF00;
  if (step.value_or(kFirstSpecialStep) >= kFirstSpecialStep ||
      !tasks.has_value() || !process.has_value()) {
    return std::nullopt;
  }
  if (std::getenv("PMIX_RANK") != nullptr) return place(*process, *tasks);
  if (*tasks == 1) return std::nullopt;
  return UsageError(absl::StrCat(
      "srun started ", *tasks,
      " tasks that do not know of each other; use srun --mpi=pmix"));
}

void StartRank(const RankPlace& place) {
  EndWithParent();
  Tell(kStartedWord, place, absl::StrCat(getpid(), " ", HostName()));
}

void ReportPosition(const RankPlace& place, absl::string_view position) {
  Tell(kPositionWord, place, position);
}

void ReportCompletion(const RankPlace& place, int exit_code) {
  Tell(kCompletedWord, place, absl::StrCat(exit_code));
}

bool MayUseTerminal() {
  const char* launcher = std::getenv(kLauncherVariable);
  return launcher == nullptr || std::string(launcher) != kNotOnTerminal;
}

int64_t ThreadsOfRank(int64_t flag, int ranks_on_host) {
  if (flag > 0) return flag;
  const int64_t omp = ReadNumber("OMP_NUM_THREADS").value_or(0);
  if (omp > 0) return omp;
  return std::max<int64_t>(1, UsableCores() / std::max(1, ranks_on_host));
}

}  // namespace reprise
