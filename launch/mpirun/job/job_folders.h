// Folders of a job's own for what Open MPI keeps on this host.
#ifndef REPRISE_LAUNCH_MPIRUN_JOB_JOB_FOLDERS_H_
#define REPRISE_LAUNCH_MPIRUN_JOB_JOB_FOLDERS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace reprise {

// For sockets in TMPDIR and for shared memory. Open MPI names both after the
// process number of mpirun, which repeats in containers that share /tmp or
// /dev/shm: jobs of two crashed each other, and what a killed job had left
// stopped a later one.
//
// Sets environment variables: before there is a second thread, and before
// mpirun starts.
class JobFolders {
 public:
  // `shared_memory`: not where ranks run on other hosts, which would look for
  // it there, too. A folder that cannot be made is left out: Open MPI then
  // takes its own place.
  explicit JobFolders(bool shared_memory);
  JobFolders(const JobFolders&) = delete;
  // Removes them.
  ~JobFolders();

 private:
  // Empty if there is none to be had.
  std::string Make(absl::string_view base);

  std::vector<std::string> paths_;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_MPIRUN_JOB_JOB_FOLDERS_H_
