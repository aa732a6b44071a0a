#include "core/base/log.h"

#include <cstdio>
#include <memory>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/file.h"

namespace reprise {
namespace {

struct LogState {
  std::mutex mutex;
  LogOptions options;
  std::unique_ptr<AppendFile> file;
  bool file_failed = false;
  void (*before_line)() = nullptr;
};

// Never destroyed: background threads may still log while the process exits.
LogState& State() {
  static LogState& state = *new LogState;
  return state;
}

void WriteTerminalLine(const LogState& state, absl::string_view line) {
  if (state.before_line != nullptr) state.before_line();
  // One write per line, so that lines of several ranks do not mix.
  const std::string text = absl::StrCat(line, "\n");
  std::fwrite(text.data(), 1, text.size(), stderr);
}

enum class Level { kInfo, kWarning, kError, kSharedError };

void Log(Level level, absl::string_view line) {
  LogState& state = State();
  std::lock_guard<std::mutex> lock(state.mutex);
  const LogOptions& options = state.options;
  const absl::string_view label = level == Level::kInfo      ? ""
                                  : level == Level::kWarning ? "warning: "
                                                             : "error: ";
  if (level == Level::kInfo || level == Level::kSharedError) {
    if (options.rank == 0) {
      WriteTerminalLine(state, absl::StrCat(label, line));
    }
  } else if (options.world_size > 1) {
    WriteTerminalLine(state,
                      absl::StrCat("rank ", options.rank, ": ", label, line));
  } else {
    WriteTerminalLine(state, absl::StrCat(label, line));
  }
  if (state.file == nullptr) return;
  const absl::Status appended = state.file->Append(
      absl::StrCat(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::Now(),
                                    absl::UTCTimeZone()),
                   " ", label, line, "\n"));
  // The log is not the run's truth: a full disk costs one warning, and the
  // file is tried again at the next line.
  if (!appended.ok() && !state.file_failed) {
    state.file_failed = true;
    WriteTerminalLine(state,
                      absl::StrCat("warning: lines are missing in the log: ",
                                   appended.message()));
  }
}

}  // namespace

void LogInfo(absl::string_view line) { Log(Level::kInfo, line); }
void LogWarning(absl::string_view line) { Log(Level::kWarning, line); }
void LogError(absl::string_view line) { Log(Level::kError, line); }
void LogSharedError(absl::string_view line) { Log(Level::kSharedError, line); }

absl::Status ConfigureLog(const LogOptions& options) {
  std::unique_ptr<AppendFile> file;
  if (!options.file.empty()) {
    REPRISE_ASSIGN_OR_RETURN(AppendFile opened, AppendFile::Open(options.file));
    file = std::make_unique<AppendFile>(std::move(opened));
  }
  LogState& state = State();
  std::lock_guard<std::mutex> lock(state.mutex);
  state.options = options;
  state.file = std::move(file);
  state.file_failed = false;
  return absl::OkStatus();
}

void SetBeforeLogLine(void (*callback)()) {
  LogState& state = State();
  std::lock_guard<std::mutex> lock(state.mutex);
  state.before_line = callback;
}

}  // namespace reprise
