// A rank that fails on demand, and its launcher, for launcher_test:
//   launcher_test_program RANKS [--output=HOW] DEED RANK [ARGUMENT...]
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/base/process_start.h"
#include "core/base/run_position.h"
#include "core/base/status.h"
#include "core/comm/communicator.h"
#include "core/comm/mpi/mpi_transport.h"
#include "launch/cli/enum_names.h"
#include "launch/mpirun/mpirun_launcher.h"
#include "launch/process/rank_output.h"
#include "launch/process/rank_process.h"

namespace reprise {
namespace {

int Complete(const RankPlace& place, int code) {
  FinishOutput();
  ReportCompletion(place, code);
  return code;
}

[[noreturn]] void Sleep() {
  while (true) pause();
}

// Until malloc has not a byte left, as where a batch is too large: libraries
// that need a little to tell it, too, get none.
[[noreturn]] void RunOutOfMemory() {
  rlimit limit = {};
  limit.rlim_cur = limit.rlim_max = 1;  // no more than is mapped now
  if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(1);
  void* volatile kept;  // else the compiler leaves the calls out
  for (size_t bytes = size_t{1} << 20; bytes >= 16; bytes /= 2) {
    while ((kept = malloc(bytes)) != nullptr) {
    }
  }
  kept = operator new (size_t{1} << 20);  // throws std::bad_alloc
  _exit(1);
}

int RunRank(const RankPlace& place, const std::string& output,
            const std::string& deed, int doer,
            const std::vector<std::string>& arguments) {
  if (!RedirectOutput(ValueOf<RankOutput>(output), place).ok()) return 1;
  StartRank(place);
  const bool does = place.rank == doer;
  if (deed == "exit before MPI") {
    if (does) _exit(std::atoi(arguments.at(0).c_str()));
  }
  auto communicator = Communicator::Create([] { return MakeMpiTransport(); });
  if (!communicator.ok()) return Complete(place, 4);
  SetRunStep(2, 1, 30);
  ReportResults(place, "/the results");
  if (!(*communicator)->Barrier()->Wait().ok()) return Complete(place, 4);
  if (does) {
    std::fprintf(stderr, "rank %d: here comes %s", place.rank, deed.c_str());
    if (deed == "signal") raise(std::atoi(arguments.at(0).c_str()));
    if (deed == "exit") _exit(std::atoi(arguments.at(0).c_str()));
    if (deed == "throw") throw std::runtime_error("nobody catches this");
    if (deed == "run out of memory") RunOutOfMemory();
    if (deed == "abort") {
      (*communicator)->Abort(DataError("a file is broken"));
    }
    if (deed == "echo") {
      for (const std::string& argument : arguments) {
        std::printf("[%s]", argument.c_str());
      }
      std::printf("\n");
    }
  }
  if (deed == "sleep" || deed == "signal" || deed == "exit" ||
      deed == "throw" || deed == "abort" || deed == "run out of memory") {
    std::printf("pid %d\n", getpid());
    std::fflush(stdout);
    Sleep();
  }
  if (deed == "speak") {
    std::printf("stdout of %d\n", place.rank);
    std::fprintf(stderr, "begun by %d", place.rank);
    if (!arguments.empty()) SendOutputTo(arguments[0]);
    std::fprintf(stderr, "\nrank %d: warning: of the log\n", place.rank);
  }
  if (!(*communicator)->Finalize().ok()) return Complete(place, 4);
  if (deed == "leave" && does) return 0;
  if (deed == "return") {
    return Complete(place, does ? std::atoi(arguments.at(0).c_str()) : 0);
  }
  return Complete(place, 0);
}

int Main(std::vector<std::string> arguments) {
  const auto place = FindRankPlace();
  if (!place.ok()) return 2;
  Launch launch;
  launch.ranks = std::atoi(arguments.at(0).c_str());
  if (arguments.size() > 1 && arguments[1] == "on localhost") {
    launch.hosts = "localhost:" + arguments[0];
    arguments.erase(arguments.begin() + 1);
  }
  launch.arguments = arguments;
  std::string output = "plain";
  if (arguments.size() > 1 && arguments[1].rfind("--output=", 0) == 0) {
    output = arguments[1].substr(strlen("--output="));
    arguments.erase(arguments.begin() + 1);
  }
  const auto launched = LaunchRanksIfAsked(launch, /*ranks_are_given=*/true);
  if (!launched.ok()) {
    std::fprintf(stderr, "%s\n", launched.status().ToString().c_str());
    return static_cast<int>(ExitCodeOf(launched.status()));
  }
  if (launched->has_value()) return **launched;
  const std::vector<std::string> rest(arguments.begin() + 3, arguments.end());
  return RunRank((*place).value_or(RankPlace()), output, arguments.at(1),
                 std::atoi(arguments.at(2).c_str()), rest);
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  reprise::PrepareProcess();
  return reprise::Main(reprise::ProgramArguments(argc, argv));
}
