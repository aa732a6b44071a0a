#include "launch/process/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>

#include "core/base/run_position.h"
#include "core/base/signal_safe_text.h"

namespace reprise {
namespace {

// The longest line that is written in a signal handler, with a folder.
constexpr size_t kLongestLine = PATH_MAX + 256;

// strsignal may allocate.
const char* NameOf(int signal) {
  switch (signal) {
    case SIGINT:
      return "Interrupt";
    case SIGTERM:
      return "Terminated";
    case SIGXCPU:
      return "CPU time limit exceeded";
    case SIGUSR1:
      return "User defined signal 1";
    case SIGUSR2:
      return "User defined signal 2";
    default:
      return "Hangup";
  }
}

void AddLine(int signal, absl::string_view position, absl::string_view folder,
             SignalSafeText* line) {
  line->Add("reprise: signal ");
  line->Add(int64_t{signal});
  line->Add(" (");
  line->Add(NameOf(signal));
  line->Add(") ended the run ");
  line->Add(position.empty() ? "before its first step" : "in ");
  line->Add(position);
  if (!folder.empty()) {
    line->Add("; results so far: ");
    line->Add(folder);
  }
  line->Add("\n");
}

std::atomic<const char*> folder_now{nullptr};
std::atomic<bool> on_terminal{false};

void EndBy(int signal) {
  const int saved = errno;
  char position[kLongestRunPosition];
  const size_t length =
      PrintRunPosition(ReadRunPosition(), position, sizeof(position));
  char bytes[kLongestLine];
  SignalSafeText line(bytes, sizeof(bytes));
  const char* folder = folder_now.load();
  // A live line may stand there, and the ^C of the keyboard.
  if (on_terminal.load()) line.Add("\n");
  AddLine(signal, absl::string_view(position, length),
          folder == nullptr ? absl::string_view() : folder, &line);
  // Should it fail, nobody is there to be told.
  const ssize_t written =
      write(STDERR_FILENO, line.get().data(), line.get().size());
  static_cast<void>(written);
  errno = saved;
  // SA_RESETHAND: now it is the default, which comes when this returns.
  raise(signal);
}

}  // namespace

std::string InterruptLine(int signal, absl::string_view position,
                          absl::string_view folder) {
  char bytes[kLongestLine];
  SignalSafeText line(bytes, sizeof(bytes));
  AddLine(signal, position, folder, &line);
  return std::string(line.get());
}

void ReportInterrupts(bool may_use_terminal) {
  PrepareRunPosition();  // not in the handler
  on_terminal = may_use_terminal && isatty(STDOUT_FILENO) == 1 &&
                isatty(STDERR_FILENO) == 1;
  struct sigaction action = {};
  action.sa_handler = EndBy;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int signal :
       {SIGINT, SIGTERM, SIGHUP, SIGXCPU, SIGUSR1, SIGUSR2}) {
    struct sigaction before;
    // What nohup or a shell ignores stays ignored.
    if (sigaction(signal, nullptr, &before) == 0 &&
        before.sa_handler == SIG_IGN) {
      continue;
    }
    sigaction(signal, &action, nullptr);
  }
}

void SetInterruptFolder(const std::string& folder) {
  // Never freed: the handler may be reading it.
  folder_now = (new std::string(folder))->c_str();
}

}  // namespace reprise
