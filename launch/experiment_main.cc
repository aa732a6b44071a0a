#include "core/base/process_start.h"
#include "launch/main.h"

namespace {

// Before the libraries' own initialisation: they open files, and oneMKL ends a
// process whose working folder has been removed.
__attribute__((section(".preinit_array"),
               used)) void (*prepare_process)() = reprise::PrepareProcess;

}  // namespace

int main(int argc, char** argv) {
  return reprise::Main(REPRISE_EXPERIMENT, argc, argv);
}
