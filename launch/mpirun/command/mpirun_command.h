// Which mpirun starts the ranks, and with what options. Options and the reports
// that mpirun prints differ between releases; those of Open MPI 4.1 and 5.0 are
// known, any other is an error.
#ifndef REPRISE_LAUNCH_MPIRUN_COMMAND_MPIRUN_COMMAND_H_
#define REPRISE_LAUNCH_MPIRUN_COMMAND_MPIRUN_COMMAND_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace reprise {

struct Mpirun {
  std::string path;
  // Where its libraries are, if not where it was built for; else empty.
  std::string library_path;
};

// The mpirun of the build, in the runfiles of `program` (its path; also
// $RUNFILES_DIR and $TEST_SRCDIR); without runfiles the first on $PATH.
absl::StatusOr<Mpirun> FindMpirun(const std::string& program);

struct MpirunVersion {
  int major = 0, minor = 0;
};

// From what `mpirun --version` prints: "mpirun (Open MPI) 5.0.11".
absl::StatusOr<MpirunVersion> ParseMpirunVersion(absl::string_view text);

// One release: what its launcher and its components call the same thing.
struct MpirunRelease {
  MpirunVersion version;
  // More ranks than cores are allowed, ranks may run on any core, and root may
  // start them.
  std::vector<std::string> placement;
  // The prefix under which other hosts find the same installation.
  const char* prefix_option;
  const char* shared_memory;  // the byte transfer layer within a host
  const char* collectives;    // without components that use verbs on their own
  // How mpirun's daemons are told which interfaces to leave alone.
  std::vector<std::string> daemons_exclude;
  // Options that keep all ranks on this host. Within a batch job mpirun would
  // spread them over the hosts that the scheduler has given to the job.
  std::vector<std::string> this_host;
};

// DistributedError for an unknown release, which begins with `mpirun`.
absl::StatusOr<MpirunRelease> FindRelease(absl::string_view mpirun,
                                          const MpirunVersion& version);

// Runs `mpirun --version`, in an environment that holds MpirunEnvironment.
absl::StatusOr<MpirunVersion> AskMpirunVersion(const Mpirun& mpirun);

struct RankCommand {
  int64_t ranks = 1;
  std::string hosts;                   // "a:2,b:2"; empty: this host
  std::vector<std::string> variables;  // forwarded to ranks on other hosts
  std::vector<std::string> options;    // of mpirun, as network.h gives them
  std::string program;
  std::vector<std::string> arguments;
};

// mpirun's argument vector. DistributedError for an unknown release.
absl::StatusOr<std::vector<std::string>> MpirunArguments(
    const Mpirun& mpirun, const MpirunVersion& version,
    const RankCommand& command);

// The names of those variables of `environment` ("NAME=VALUE", then nullptr)
// that ranks on other hosts get; those on this host inherit all. What changes
// the numbers or the speed of a library that a rank computes or communicates
// with: a value that held on one host only would go unnoticed. And what rank 0
// needs to send its records to InfluxDB, wherever it is. Not
// CUDA_VISIBLE_DEVICES, whose numbers are this host's.
std::vector<std::string> ForwardedVariables(const char* const* environment);

// Variables to set in mpirun's environment: library path, permission to run as
// root, a TMPDIR short enough for sockets, a HOME where there is none.
std::vector<std::pair<std::string, std::string>> MpirunEnvironment(
    const Mpirun& mpirun);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_COMMAND_MPIRUN_COMMAND_H_
