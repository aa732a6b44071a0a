#include "launch/mpirun/host_check.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "launch/process/subprocess.h"
#include "re2/re2.h"

namespace reprise {
namespace {

constexpr size_t kMostListed = 20;
// Bytes of what mpirun has said, in a message.
constexpr size_t kMostQuoted = 4000;
// The first byte of an answer: ASCII record separator.
constexpr char kAnswerStart = '\x1e';
// Once it has closed its output, it has nothing left but to reap its daemons.
constexpr absl::Duration kMpirunEnds = absl::Seconds(10);

// "3910968 bytes with CRC 12345", or what is wrong.
std::string Describe(absl::string_view state) {
  if (state == "missing") return "no file";
  if (state == "unreadable") return "a file that cannot be read";
  if (state == "not-executable") return "a file that cannot be executed";
  const std::vector<std::string> parts = absl::StrSplit(state, ':');
  if (parts.size() != 2) return absl::StrCat("'", Printable(state), "'");
  return absl::StrCat(parts[1], " bytes with CRC ", parts[0]);
}

// All of it as Printable has it, which cuts what is longer than 60 bytes: a
// byte may become four.
std::string PrintableWhole(absl::string_view text) {
  constexpr size_t kPiece = 15;
  std::string printable;
  for (; !text.empty(); text.remove_prefix(std::min(kPiece, text.size()))) {
    absl::StrAppend(&printable, Printable(text.substr(0, kPiece)));
  }
  return printable;
}

// The first lines of what a child has said, which may come from another host:
// nothing in it reaches the terminal as a control character.
std::string Quote(absl::string_view said) {
  std::vector<std::string> lines;
  for (const absl::string_view line : absl::StrSplit(
           absl::StripAsciiWhitespace(said.substr(0, kMostQuoted)), '\n')) {
    lines.push_back(PrintableWhole(absl::StripTrailingAsciiWhitespace(line)));
  }
  return absl::StrJoin(lines, "\n");
}

std::string Lowercase(absl::string_view text) {
  return absl::AsciiStrToLower(text);
}

}  // namespace

// Words of the answer are apart from anything else that a login shell or an
// agent may print. `command -v` first: an empty answer about a file must not
// mean that there is no cksum.
const char kHostCheckScript[] =
    "r=\n"
    "if command -v cksum >/dev/null 2>&1; then\n"
    "  for f do\n"
    "    if [ ! -f \"$f\" ]; then s=missing\n"
    "    elif [ \"$f\" = \"$1\" ] && [ ! -x \"$f\" ]; then s=not-executable\n"
    "    elif s=$(cksum 2>/dev/null <\"$f\"); then\n"
    "      c=${s%% *}; b=${s#* }; s=$c:${b%% *}\n"
    "    else s=unreadable\n"
    "    fi\n"
    "    r=\"$r $s\"\n"
    "  done\n"
    "else r=' no-cksum'\n"
    "fi\n"
    "printf '\\036%s%s\\n' \"$(uname -n)\" \"$r\"\n";

bool NamesOtherHosts(const std::vector<Host>& hosts) {
  const std::string own = Lowercase(HostName());
  const absl::string_view own_short = ShortHostName(own);
  return std::any_of(hosts.begin(), hosts.end(), [&](const Host& host) {
    const std::string name = Lowercase(host.name);
    return name != "localhost" && !absl::StartsWith(name, "127.") &&
           name != own && name != own_short;
  });
}

std::vector<std::string> FilesOfRanks(const std::string& program,
                                      const std::vector<std::string>& libraries,
                                      const Mpirun& mpirun) {
  namespace fs = std::filesystem;
  std::vector<std::string> files = {program};
  std::set<std::string> seen = {program};
  const auto add = [&](const std::string& path) {
    if (seen.insert(path).second) files.push_back(path);
  };
  const std::vector<std::string> leading =
      absl::StrSplit(mpirun.library_path, ':', absl::SkipEmpty());
  for (const std::string& library : libraries) {
    fs::path path = fs::path(library).lexically_normal();
    bool is_of_system = !path.is_absolute();
    for (const char* folder : {"/lib/", "/lib64/", "/usr/"}) {
      is_of_system = is_of_system || absl::StartsWith(path.string(), folder);
    }
    if (is_of_system) continue;
    for (const std::string& folder : leading) {
      std::error_code error;
      const fs::path leads = fs::path(folder) / path.filename();
      if (fs::exists(leads, error)) {
        path = leads;
        break;
      }
    }
    add(path.string());
  }
  for (const std::string& folder : leading) {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end;
         !error && entry != end; entry.increment(error)) {
      const std::string path = entry->path().string();
      if (absl::StrContains(entry->path().filename().string(), ".so") &&
          entry->is_regular_file(error)) {
        paths.push_back(path);
      }
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) add(path);
  }
  return files;
}

std::vector<HostAnswer> ParseHostAnswers(absl::string_view text) {
  static const RE2& pattern =
      *new RE2(R"(\x1e([^\s\x1e]{1,255})((?: [a-z0-9:-]{1,40})*) *\n)");
  std::vector<HostAnswer> answers;
  re2::StringPiece rest(text.data(), text.size());
  std::string host, states;
  while (RE2::FindAndConsume(&rest, pattern, &host, &states)) {
    answers.push_back({host, absl::StrSplit(states, ' ', absl::SkipEmpty())});
  }
  return answers;
}

absl::Status CompareHosts(const std::vector<std::string>& files,
                          const HostAnswer& here,
                          const std::vector<HostAnswer>& hosts) {
  if (here.states.size() != files.size()) {
    return DistributedError(
        absl::StrCat("host ", here.host, " (this one): expected the cksum of ",
                     files.size(), " files of the program, found '",
                     absl::StrJoin(here.states, " "), "'; install coreutils"));
  }
  std::set<std::string> names;
  for (const HostAnswer& host : hosts) {
    const std::string name(ShortHostName(host.host));
    if (!names.insert(name).second) {
      return UsageError(absl::StrCat(
          "two of the hosts are called ", Printable(name),
          ": expected a name for each, by which Open MPI tells them apart; "
          "name each host once in --hosts, and give each a host name of its "
          "own"));
    }
  }
  std::vector<std::string> lines;
  size_t differences = 0;
  const auto add = [&](absl::string_view host, size_t i,
                       absl::string_view expected, absl::string_view found) {
    if (++differences > kMostListed) return;
    lines.push_back(absl::StrCat("\n  host ", Printable(host), ": ", files[i],
                                 ": expected ", expected, ", found ", found));
  };
  for (size_t i = 0; i < files.size(); ++i) {
    if (!absl::StrContains(here.states[i], ':')) {
      add(absl::StrCat(here.host, " (this one)"), i, "a readable file",
          Describe(here.states[i]));
    }
  }
  for (const HostAnswer& host : hosts) {
    if (host.states.size() != files.size()) {
      return DistributedError(absl::StrCat(
          "host ", Printable(host.host), ": expected the cksum of ",
          files.size(), " files of the program, found '",
          Printable(absl::StrJoin(host.states, " ").substr(0, 100)),
          "'; install coreutils there"));
    }
    for (size_t i = 0; i < files.size(); ++i) {
      if (host.states[i] != here.states[i]) {
        add(host.host, i, Describe(here.states[i]), Describe(host.states[i]));
      }
    }
  }
  if (differences == 0) return absl::OkStatus();
  if (differences > kMostListed) {
    lines.push_back(
        absl::StrCat("\n  and ", differences - kMostListed, " more"));
  }
  return UsageError(absl::StrCat(
      "the program is not on all hosts what it is on ", here.host, ":",
      absl::StrJoin(lines, ""),
      "\ncopy the program and its libraries to the same paths on each host, or "
      "start it from a file system that all share"));
}

namespace {

// A process of the check and what it has written.
struct Asked {
  Subprocess process;
  std::string out, err;

  void AddTo(std::vector<pollfd>* events) const {
    events->push_back({process.out(), POLLIN, 0});
    events->push_back({process.err(), POLLIN, 0});
  }
  void Read(const pollfd& of_out, const pollfd& of_err) {
    if (of_out.revents != 0) process.ReadOut(&out);
    if (of_err.revents != 0) process.ReadErr(&err);
  }
};

absl::StatusOr<Asked> Ask(const HostCheck& check,
                          std::vector<std::string> arguments) {
  // "-f", which expands no file names, for the sake of one word: mpirun's own
  // -c is the number of processes, and 5.0 looks behind the program's name.
  arguments.insert(arguments.end(), {"-fc", kHostCheckScript, "sh"});
  arguments.insert(arguments.end(), check.files.begin(), check.files.end());
  Subprocess::Options options;
  options.mask = check.mask;
  REPRISE_ASSIGN_OR_RETURN(Subprocess process,
                           Subprocess::Start(std::move(arguments), options));
  return Asked{std::move(process), "", ""};
}

// Until both have closed their output, or for the check's limit without an
// answer; the latter is no error here. CancelledError if interrupted.
absl::Status ReadAnswers(const HostCheck& check, Asked* shell, Asked* mpirun) {
  absl::Time deadline = absl::Now() + check.limit;
  size_t answers = 0;
  while (shell->process.has_open_pipe() || mpirun->process.has_open_pipe()) {
    std::vector<pollfd> events;
    shell->AddTo(&events);
    mpirun->AddTo(&events);
    events.push_back({check.interrupt, POLLIN, 0});
    const int64_t wait = absl::ToInt64Milliseconds(deadline - absl::Now());
    if (wait <= 0) break;
    if (poll(events.data(), events.size(),
             static_cast<int>(std::min<int64_t>(wait + 1, 60'000))) < 0 &&
        errno != EINTR) {
      return DistributedErrorFromErrno("poll");
    }
    if (events.back().revents != 0) {
      return absl::CancelledError("interrupted");
    }
    shell->Read(events[0], events[1]);
    mpirun->Read(events[2], events[3]);
    // No more than there are hosts, so that the check ends in any case.
    const size_t begun = std::min<size_t>(
        std::count(mpirun->out.begin(), mpirun->out.end(), kAnswerStart),
        check.hosts);
    if (begun > answers) {
      answers = begun;
      deadline = absl::Now() + check.limit;
    }
  }
  return absl::OkStatus();
}

// `end`: how mpirun has ended, or why nobody waits for it any more.
absl::Status NotComparable(const HostCheck& check,
                           const std::vector<HostAnswer>& hosts,
                           absl::string_view end, absl::string_view errors) {
  std::vector<std::string> names;
  for (const HostAnswer& host : hosts) names.push_back(Printable(host.host));
  const std::string said = Quote(errors);
  return DistributedError(absl::StrCat(
      "the program could not be compared on all hosts before the start: ",
      hosts.size(), " of ", check.hosts, " answered", names.empty() ? "" : " (",
      absl::StrJoin(names, ", "), names.empty() ? "" : ")", ", ", end,
      "; each host must be reached without a password and have Open MPI at "
      "the path it has here",
      said.empty() ? "" : "; mpirun said:\n", said));
}

}  // namespace

absl::Status CheckHosts(const HostCheck& check) {
  REPRISE_ASSIGN_OR_RETURN(Asked mpirun, Ask(check, check.mpirun_arguments));
  REPRISE_ASSIGN_OR_RETURN(Asked shell, Ask(check, {"/bin/sh"}));
  REPRISE_RETURN_IF_ERROR(ReadAnswers(check, &shell, &mpirun));
  const std::vector<HostAnswer> hosts = ParseHostAnswers(mpirun.out);
  if (shell.process.has_open_pipe() || mpirun.process.has_open_pipe()) {
    return NotComparable(
        check, hosts,
        absl::StrCat("then no other for ", absl::FormatDuration(check.limit)),
        mpirun.err);
  }
  const std::optional<ProcessEnd> end = mpirun.process.WaitUntil(
      absl::Now() + std::min(check.limit, kMpirunEnds));
  if (!end.has_value()) {
    return NotComparable(
        check, hosts, "mpirun closed its output and did not end", mpirun.err);
  }
  if (!end->succeeded() || hosts.size() != check.hosts) {
    return NotComparable(check, hosts, absl::StrCat("mpirun ", end->Describe()),
                         mpirun.err);
  }
  const std::vector<HostAnswer> own = ParseHostAnswers(shell.out);
  if (own.size() != 1) {
    return DistributedError(absl::StrCat(
        "/bin/sh could not compute the program's cksum on this host: ",
        Quote(shell.err)));
  }
  return CompareHosts(check.files, own[0], hosts);
}

}  // namespace reprise
