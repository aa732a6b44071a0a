#include "core/base/process_start.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace reprise {

void OpenStandardDescriptors() {
  int fd = 0;
  while (fd <= STDERR_FILENO) {
    fd = open("/dev/null", O_RDWR);
    // A root without /dev: takes the number, and cannot be read or written.
    if (fd < 0) fd = open("/", O_PATH);
    if (fd < 0) return;  // no descriptor is left: nor will another file get it
  }
  close(fd);
}

void PrepareProcess() {
  OpenStandardDescriptors();
  signal(SIGXFSZ, SIG_IGN);
  char folder[PATH_MAX];
  if (getcwd(folder, sizeof(folder)) == nullptr && errno == ENOENT) {
    // Nothing can be made there. Where there is no /proc the folder stays.
    if (chdir("/proc/self/fdinfo") != 0) return;
  }
}

}  // namespace reprise
