#include "launch/process/rank_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/run_position.h"
#include "core/base/status.h"
#include "launch/process/launcher_message.h"
#include "launch/process/numbered_entries.h"
#include "re2/re2.h"

namespace reprise {
namespace {

std::optional<int64_t> ReadNumber(const char* name) {
  const char* text = std::getenv(name);
  int64_t number = 0;
  if (text == nullptr || !absl::SimpleAtoi(text, &number)) return std::nullopt;
  return number;
}

// "2(x3),1": 2 on nodes 0 to 2, 1 on node 3. 0 if the text does not say.
int TasksOfNode(absl::string_view text, int64_t node) {
  static const RE2& pattern = *new RE2(R"((\d{1,9})(?:\(x(\d{1,9})\))?,?)");
  re2::StringPiece rest(text.data(), text.size());
  int tasks = 0, nodes = 0;
  std::string repeats;
  while (RE2::Consume(&rest, pattern, &tasks, &repeats)) {
    nodes = 1;
    if (!repeats.empty() && !absl::SimpleAtoi(repeats, &nodes)) return 0;
    if (node < nodes) return tasks;
    node -= nodes;
  }
  return 0;
}

std::atomic<int> launcher_fd{STDERR_FILENO};

void Tell(const char* word, const RankPlace& place, absl::string_view rest) {
  if (!HasLauncher()) return;
  std::string message = absl::StrCat(std::string(1, kMessageStart), word, " ",
                                     place.rank, " ", rest);
  message.resize(std::min<size_t>(message.size(), kLongestMessage - 1));
  message += '\n';
  // One write, so that it is not mixed with what other threads write. Should it
  // fail there is nobody left to tell.
  if (write(launcher_fd, message.data(), message.size()) < 0) return;
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

void TellPosition(const RankPlace& place, const RunPosition& position) {
  char text[kLongestRunPosition];
  const size_t length = PrintRunPosition(position, text, sizeof(text));
  if (length > 0) Tell(kPositionWord, place, {text, length});
}

// A kernel before Linux 5.3 has no descriptors of processes: `pidfd` is -1
// then, and the parent is looked at again and again.
bool IsGoneWithin(pid_t parent, int pidfd, absl::Duration patience) {
  const absl::Time end = absl::Now() + patience;
  pollfd event = {pidfd, POLLIN, 0};
  const absl::Duration nap = pidfd >= 0 ? patience : absl::Milliseconds(20);
  while (getppid() == parent) {
    if (absl::Now() >= end) return false;
    poll(&event, 1, static_cast<int>(absl::ToInt64Milliseconds(nap)));
  }
  return true;
}

void CloseRange(unsigned first, unsigned last) {
  if (first > last) return;
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  // A kernel before Linux 5.9.
  std::error_code error;
  for (const int fd : NumberedEntries("/proc/self/fd", &error)) {
    const unsigned number = static_cast<unsigned>(fd);
    if (number >= first && number <= last) close(fd);
  }
}

// `kept`: negative ones count for nothing.
void CloseAllBut(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  for (const int fd : kept) {
    if (fd < 0) continue;
    if (fd > 0) CloseRange(first, static_cast<unsigned>(fd) - 1);
    first = static_cast<unsigned>(fd) + 1;
  }
  CloseRange(first, UINT_MAX);
}

// A thread would be gone with the rank, and what the rank tells while it lives
// is old when it dies. It holds none of the rank's descriptors but that of the
// messages: readers of the rank's pipes wait for their end.
[[noreturn]] void Witness(const RankPlace& place, pid_t rank, int pidfd) {
  // mpirun's signals are for the rank, as are those to its process group.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  setpgid(0, 0);
  prctl(PR_SET_NAME, "reprise-witness");
  CloseAllBut({launcher_fd, pidfd});
  RunPosition told;
  while (!IsGoneWithin(rank, pidfd, kWitnessInterval)) {
    const RunPosition position = ReadRunPosition();
    if (position.since_ns == told.since_ns) continue;
    TellPosition(place, position);
    told = position;
  }
  TellPosition(place, ReadRunPosition());
  _exit(0);
}

void StartWitness(const RankPlace& place) {
  PrepareRunPosition();
  const pid_t rank = getpid();
  const FileDescriptor pidfd(
      static_cast<int>(syscall(SYS_pidfd_open, rank, 0)));
  const pid_t child = fork();
  REPRISE_CHECK(child >= 0) << "fork: " << strerror(errno);
  if (child == 0) Witness(place, rank, pidfd.get());
}

}  // namespace

std::vector<std::string> ProgramArguments(int argc, char** argv) {
  if (argc == 2 && argv[1][0] == kArgumentStart) {
    return absl::StrSplit(argv[1] + 1, kArgumentStart);
  }
  return std::vector<std::string>(argv + 1, argv + argc);
}

absl::StatusOr<std::optional<RankPlace>> FindRankPlace() {
  RankPlace place;
  const auto set = [&place](int64_t rank, int64_t size, int64_t local_rank,
                            int64_t local_size) {
    place = {static_cast<int>(rank), static_cast<int>(size),
             static_cast<int>(local_rank), static_cast<int>(local_size)};
    if (local_rank < 0 || local_rank >= local_size) place.local_size = 0;
    return place;
  };
  const auto rank = ReadNumber("OMPI_COMM_WORLD_RANK");
  const auto size = ReadNumber("OMPI_COMM_WORLD_SIZE");
  if (rank.has_value() && size.has_value()) {
    return set(*rank, *size,
               ReadNumber("OMPI_COMM_WORLD_LOCAL_RANK").value_or(0),
               ReadNumber("OMPI_COMM_WORLD_LOCAL_SIZE").value_or(0));
  }
  // A step of srun; batch scripts run in a "step" with a huge number.
  const auto step = ReadNumber("SLURM_STEP_ID");
  const auto tasks = ReadNumber("SLURM_STEP_NUM_TASKS");
  const auto process = ReadNumber("SLURM_PROCID");
  constexpr int64_t kFirstSpecialStep = 0xFFFFFF00;
  if (step.value_or(kFirstSpecialStep) >= kFirstSpecialStep ||
      !tasks.has_value() || !process.has_value()) {
    return std::nullopt;
  }
  if (std::getenv("PMIX_RANK") != nullptr) {
    const char* tasks_of_nodes = std::getenv("SLURM_STEP_TASKS_PER_NODE");
    const auto node = ReadNumber("SLURM_NODEID");
    return set(*process, *tasks, ReadNumber("SLURM_LOCALID").value_or(0),
               tasks_of_nodes == nullptr || !node.has_value()
                   ? 0
                   : TasksOfNode(tasks_of_nodes, *node));
  }
  if (*tasks == 1) return std::nullopt;
  return UsageError(absl::StrCat(
      "srun started ", *tasks,
      " tasks that do not know of each other; use srun --mpi=pmix"));
}

bool IsSpokesman(const absl::StatusOr<std::optional<RankPlace>>& place) {
  // An error is one about tasks of srun.
  if (!place.ok()) return ReadNumber("SLURM_PROCID").value_or(0) == 0;
  return !place->has_value() || (**place).rank == 0;
}

bool HasLauncher() { return std::getenv(kLauncherVariable) != nullptr; }

void SetLauncherFd(int fd) { launcher_fd = fd; }

void StartRank(const RankPlace& place) {
  if (HasLauncher()) StartWitness(place);
  EndWithParent();
  Tell(kStartedWord, place, absl::StrCat(getpid(), " ", HostName()));
}

void ReportResults(const RankPlace& place, absl::string_view folder) {
  Tell(kResultsWord, place, folder);
}

void ReportCompletion(const RankPlace& place, int exit_code) {
  Tell(kCompletedWord, place, absl::StrCat(exit_code));
}

bool MayUseTerminal() {
  const char* launcher = std::getenv(kLauncherVariable);
  if (launcher != nullptr) return std::string(launcher) != kNotOnTerminal;
  const auto place = FindRankPlace();
  return place.ok() && !place->has_value();
}

}  // namespace reprise
