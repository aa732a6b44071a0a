// Before ranks start on other hosts: is the program there, and is it this one?
//
// A program cannot be asked what it is before it runs, and the loader's text
// names neither host nor remedy. So one process a host, started by mpirun as
// the ranks will be, has a shell compute POSIX cksum (a CRC-32 and the length)
// of a list of files. cksum finds what was copied wrongly or forgotten, in a
// tenth of sha256sum's time (docs/OPERATIONS.md); ranks still compare a digest
// of their program when they run.
#ifndef REPRISE_LAUNCH_MPIRUN_HOST_CHECK_H_
#define REPRISE_LAUNCH_MPIRUN_HOST_CHECK_H_

#include <signal.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "launch/mpirun/command/mpirun_command.h"
#include "launch/mpirun/host_list.h"

namespace reprise {

// Whether there may be anything to compare. Names that are this host's:
// "localhost", 127.x.y.z, the host's own with and without its domain.
bool NamesOtherHosts(const std::vector<Host>& hosts);

// What ranks load: `program` first, then `libraries` as the loader named them
// here, at the path that it will take where mpirun's own libraries lead the
// way, then mpirun's. Not those below /lib and /usr, which are each system's
// own.
std::vector<std::string> FilesOfRanks(const std::string& program,
                                      const std::vector<std::string>& libraries,
                                      const Mpirun& mpirun);

// One host's: "CRC:BYTES", "missing", "unreadable" or "not-executable" for each
// file.
struct HostAnswer {
  std::string host;
  std::vector<std::string> states;
};

// To be run as `/bin/sh -fc SCRIPT sh FILE...`: writes one answer.
extern const char kHostCheckScript[];

// The answers in `text`, whatever else is in it.
std::vector<HostAnswer> ParseHostAnswers(absl::string_view text);

// OK if all are as `here`. UsageError for two hosts of one name, with which
// Open MPI 5.0 ends in MPI_ERR_TRUNCATE; or naming each file that differs with
// its host, what was expected and found, and the remedy; at most 20 of them,
// then how many more. DistributedError for an answer that is not about all
// files.
absl::Status CompareHosts(const std::vector<std::string>& files,
                          const HostAnswer& here,
                          const std::vector<HostAnswer>& hosts);

struct HostCheck {
  // mpirun's argument vector up to the program's arguments: the job's options,
  // one process on each of `hosts`, /bin/sh.
  std::vector<std::string> mpirun_arguments;
  size_t hosts = 0;
  std::vector<std::string> files;
  // Without an answer, each of which begins it anew. Hosts that read from one
  // server get ready at nearly the same time: 64 of them 0.5 GB each over
  // 1 Gbit/s after more than four minutes.
  absl::Duration limit = absl::Minutes(10);
  sigset_t mask;       // of the processes that are started
  int interrupt = -1;  // a descriptor: ends the check when it can be read
};

// Asks all hosts at once, and this one. DistributedError, with what mpirun has
// said, if not every host answers, or none within the limit; CancelledError if
// interrupted. No process of it is left on this host in any case.
absl::Status CheckHosts(const HostCheck& check);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_HOST_CHECK_H_
