#include "launch/process/rank_output.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/process_start.h"
#include "core/base/status.h"
#include "launch/process/launcher_message.h"

namespace reprise {
namespace {

// A line is not held back for longer.
constexpr size_t kLongestLine = 64 << 10;
// Bytes of lines that wait for the folder, at most.
constexpr size_t kMostHeld = 1 << 20;
constexpr absl::Duration kRelayEnds = absl::Seconds(5);

// Begins the message by which SendOutputTo tells the relay its folder.
constexpr char kFolderWord[] = "folder ";

// The process between a rank and where its lines go.
class Relay {
 public:
  Relay(int terminal, const RankPlace& place, bool to_file)
      : terminal_(terminal),
        logged_(absl::StrCat("rank ", place.rank, ": ")),
        prefix_(place.local_size < place.world_size
                    ? absl::StrCat("rank ", place.rank, " (", HostName(), "): ")
                    : logged_),
        file_name_(absl::StrCat("/rank-", place.rank, ".txt")),
        waits_for_folder_(to_file) {}

  void Run(int from) {
    char bytes[1 << 14];
    while (true) {
      const ssize_t count = read(from, bytes, sizeof(bytes));
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      for (ssize_t i = 0; i < count; ++i) {
        line_ += bytes[i];
        if (bytes[i] == '\n' || line_.size() >= kLongestLine) EndLine();
      }
    }
    if (!line_.empty()) EndLine();
    ShowHeld();
  }

 private:
  void EndLine() {
    const std::string line = std::exchange(line_, "");
    absl::string_view text = absl::StripSuffix(line, "\n");
    // The rank may have begun a line before it.
    const std::string message =
        absl::StrCat(std::string(1, kMessageStart), kFolderWord);
    const size_t begin = text.find(message);
    std::string folder;
    if (begin != absl::string_view::npos) {
      folder = std::string(text.substr(begin + message.size()));
      text = text.substr(0, begin);
    }
    if (folder.empty() || !text.empty()) Take(text);
    if (!folder.empty()) OpenFile(folder);
  }

  void Take(absl::string_view text) {
    if (!waits_for_folder_ && !file_.has_value()) {
      Show(text);
    } else if (file_.has_value()) {
      Keep(text);
    } else {
      held_bytes_ += text.size();
      held_.emplace_back(text);
      if (held_bytes_ > kMostHeld) ShowHeld();
    }
  }

  void OpenFile(const std::string& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    auto file = AppendFile::Open(folder + file_name_);
    if (!file.ok()) {
      Show(absl::StrCat("warning: ", file.status().message(),
                        "; its lines come here"));
      ShowHeld();
      return;
    }
    file_ = *std::move(file);
    waits_for_folder_ = false;
    for (const std::string& line : std::exchange(held_, {})) Keep(line);
  }

  // What the log says goes to the user as well.
  void Keep(absl::string_view text) {
    const absl::Status kept = file_->Append(absl::StrCat(text, "\n"));
    if (!kept.ok()) {
      Show(absl::StrCat("warning: ", kept.message(), "; its lines come here"));
      file_.reset();
    }
    if (!kept.ok() || absl::StartsWith(text, logged_)) Show(text);
  }

  void ShowHeld() {
    waits_for_folder_ = false;
    for (const std::string& line : std::exchange(held_, {})) Show(line);
  }

  void Show(absl::string_view text) {
    // Whatever becomes of it, the rank must not wait for a reader here.
    const absl::Status shown = WriteFully(
        terminal_,
        absl::StrCat(prefix_, absl::StripPrefix(text, logged_), "\n"),
        "stderr");
    shown.IgnoreError();
  }

  const int terminal_;
  const std::string logged_, prefix_, file_name_;
  bool waits_for_folder_;
  std::string line_;
  std::vector<std::string> held_;
  size_t held_bytes_ = 0;
  std::optional<AppendFile> file_;
};

struct Redirection {
  pid_t relay = 0;         // 0: none
  int out = -1, err = -1;  // what stdout and stderr were
  bool to_file = false;
};

Redirection& Current() {
  static Redirection& current = *new Redirection;
  return current;
}

}  // namespace

absl::Status RedirectOutput(RankOutput output, const RankPlace& place) {
  if (output == RankOutput::kPlain || place.rank == 0) return absl::OkStatus();
  Redirection& current = Current();
  current.to_file = output == RankOutput::kFiles;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return DistributedErrorFromErrno("--output: pipe2");
  }
  const FileDescriptor read_end(ends[0]);
  const FileDescriptor write_end(ends[1]);
  current.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  current.err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  if (current.out < 0 || current.err < 0) {
    return DistributedErrorFromErrno("--output: fcntl");
  }
  std::fflush(stdout);
  // Not a Subprocess: the relay runs no other program, and ignores the signals
  // that end the rank, so that the rank's last words reach the user.
  const pid_t child = fork();
  if (child < 0) return DistributedErrorFromErrno("--output: fork");
  if (child == 0) {
    // mpirun's signals are for the rank.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    close(write_end.get());
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(fd);
    OpenStandardDescriptors();
    close(current.out);
    Relay(current.err, place, current.to_file).Run(read_end.get());
    _exit(0);
  }
  current.relay = child;
  dup2(write_end.get(), STDOUT_FILENO);
  dup2(write_end.get(), STDERR_FILENO);
  // A pipe is no reason to keep lines until the buffer is full.
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  SetLauncherFd(current.err);
  return absl::OkStatus();
}

void SendOutputTo(const std::string& folder) {
  if (!Current().to_file) return;
  std::fflush(stdout);
  std::error_code error;
  std::string path = std::filesystem::absolute(folder, error).string();
  if (error) path = folder;
  const absl::Status sent = WriteFully(
      STDERR_FILENO,
      absl::StrCat(std::string(1, kMessageStart), kFolderWord, path, "\n"),
      "stderr");
  // Then the lines come to stderr in the end.
  sent.IgnoreError();
}

void FinishOutput() {
  Redirection& current = Current();
  if (current.relay == 0) return;
  std::fflush(stdout);
  dup2(current.out, STDOUT_FILENO);
  dup2(current.err, STDERR_FILENO);
  const absl::Time end = absl::Now() + kRelayEnds;
  while (waitpid(current.relay, nullptr, WNOHANG) == 0 && absl::Now() < end) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  current.relay = 0;
}

}  // namespace reprise
