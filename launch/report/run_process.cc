#include "launch/report/run_process.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/file.h"
#include "core/base/host_name.h"

namespace reprise {
namespace {

// When the system started, which /proc counts from.
std::optional<absl::Time> BootTime() {
  const auto text = ReadWholeFile("/proc/stat");
  if (!text.ok()) return std::nullopt;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    int64_t seconds = 0;
    if (words.size() == 2 && words[0] == "btime" &&
        absl::SimpleAtoi(words[1], &seconds)) {
      return absl::FromUnixSeconds(seconds);
    }
  }
  return std::nullopt;
}

std::optional<absl::Time> StartOfProcess(int64_t pid) {
  const auto text = ReadWholeFile(absl::StrCat("/proc/", pid, "/stat"));
  const std::optional<absl::Time> boot = BootTime();
  if (!text.ok() || !boot.has_value()) return std::nullopt;
  // After the name, which may hold spaces and parentheses: state is word 0,
  // start time word 19, in ticks (proc(5): fields 3 and 22).
  const size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  const std::vector<absl::string_view> words = absl::StrSplit(
      absl::string_view(*text).substr(name_end + 1), ' ', absl::SkipEmpty());
  int64_t ticks = 0;
  if (words.size() < 20 || words[0] == "Z" || words[0] == "X" ||
      !absl::SimpleAtoi(words[19], &ticks)) {
    return std::nullopt;
  }
  return *boot + absl::Seconds(static_cast<double>(ticks) /
                               static_cast<double>(sysconf(_SC_CLK_TCK)));
}

}  // namespace

bool IsStillRunning(const RunJson& run) {
  if (run.pid <= 0 || run.host != HostName()) return false;
  const std::optional<absl::Time> start = StartOfProcess(run.pid);
  // run.json has whole seconds, and so has the time of the boot.
  return start.has_value() && *start <= run.started + absl::Seconds(2);
}

}  // namespace reprise
