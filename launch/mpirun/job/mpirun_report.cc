#include "launch/mpirun/job/mpirun_report.h"

#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/host_name.h"
#include "launch/process/launcher_message.h"
#include "re2/re2.h"

namespace reprise {
namespace {

using Failure = MpirunReport::Failure;

// mpirun frames its reports by lines of so many hyphens.
constexpr size_t kHyphens = 74;
constexpr size_t kLongestReport = 16 << 10;

// Open MPI 4.1 calls itself mpirun here, 5.0 prterun; lines are joined first.
struct ReportPatterns {
  const RE2 signal{
      R"((?:prterun|mpirun) noticed that process rank (\d+) with PID (\d+) on )"
      R"(node (\S+) exited on signal (\d+))"};
  const RE2 exit{
      R"((?:prterun|mpirun) detected that one or more processes exited with )"
      R"(non-zero status.* Process name: \[.*,\s*(\d+)\] Exit code: (\d+))"};
  const RE2 left{
      R"((?:prterun|mpirun) has exited due to process rank (\d+) with PID )"
      R"((\d+) on node (\S+) exiting improperly)"};
  const RE2 abort{R"(MPI_ABORT was invoked on rank (\d+) in communicator .*)"
                  R"([Ee]rror ?code:? (-?\d+))"};
  // What a rank on TCP says before it ends the job.
  const RE2 lost{
      R"(An MPI communication peer process has unexpectedly disconnected.*)"
      R"( Local host: (\S+) Local PID: (\d+) Peer host: (\S+))"};
  // Follow another report and add nothing.
  const RE2 echo{
      R"((?:prterun|mpirun) has exited due to process rank \d+ .* calling )"
      R"("abort"|Primary job +terminated normally, but \d+ process returned)"};
};

const ReportPatterns& Patterns() {
  static const ReportPatterns& patterns = *new ReportPatterns;
  return patterns;
}

bool IsRule(absl::string_view line) {
  return line.size() == kHyphens &&
         line.find_first_not_of('-') == absl::string_view::npos;
}

// "[HOST:PID] PMIX ERROR: PMIX_ERR_UNREACH in file F at line L", which PRRTE
// may print when a rank is gone while it is told that the job ends: a
// consequence that says nothing about the cause.
constexpr absl::string_view kUnreachable =
    " PMIX ERROR: PMIX_ERR_UNREACH in file ";
constexpr size_t kLongestHostAndPid = 300;

bool MayBecomeUnreachable(absl::string_view text) {
  const size_t end = text.find(']');
  if (end == absl::string_view::npos) {
    return text.size() < kLongestHostAndPid &&
           text.find_first_of(" \n") == absl::string_view::npos;
  }
  const absl::string_view rest = text.substr(end + 1);
  return absl::StartsWith(rest, kUnreachable) ||
         absl::StartsWith(kUnreachable, rest);
}

}  // namespace

std::string MpirunReport::Consume(absl::string_view bytes) {
  std::string rest, shown;
  TakeMessagesOut(bytes, &rest);
  TakeReportsOut(rest, &shown);
  return shown;
}

std::string MpirunReport::Finish() {
  std::string shown;
  TakeReportsOut(std::exchange(message_, ""), &shown);
  shown += std::exchange(report_, "");
  return shown;
}

void MpirunReport::TakeMessagesOut(absl::string_view bytes, std::string* rest) {
  for (const char c : bytes) {
    if (message_.empty() && c != kMessageStart) {
      rest->push_back(c);
      continue;
    }
    message_ += c;
    const bool whole = c == '\n';
    if (!whole && message_.size() <= size_t{kLongestMessage}) continue;
    if (!whole || !ReadMessage(message_)) rest->append(message_);
    message_.clear();
  }
}

bool MpirunReport::ReadMessage(absl::string_view message) {
  static const RE2& pattern = *new RE2(R"(\x1e([a-z]+) (\d{1,9}) (.*)\n)");
  static const RE2& pid_and_host = *new RE2(R"((\d+) (\S+))");
  std::string word, rest;
  int rank = 0;
  if (!RE2::FullMatch(re2::StringPiece(message.data(), message.size()), pattern,
                      &word, &rank, &rest)) {
    return false;
  }
  if (word == kStartedWord) {
    Rank started;
    if (!RE2::FullMatch(rest, pid_and_host, &started.pid, &started.host)) {
      return false;
    }
    ranks_[rank] = started;
  } else if (word == kPositionWord) {
    ranks_[rank].position = rest;
  } else if (word == kResultsWord) {
    ranks_[rank].results = rest;
  } else if (word == kCompletedWord) {
    int code = 0;
    if (!RE2::FullMatch(rest, R"((\d+))", &code)) return false;
    ranks_[rank].completed = code;
  } else {
    return false;
  }
  return true;
}

void MpirunReport::TakeReportsOut(absl::string_view bytes, std::string* shown) {
  for (const char c : bytes) {
    // PRRTE ends its reports with a zero byte. They may begin in mid-line,
    // where a rank has left one.
    if (c == '\0') continue;
    if (report_.empty() && c != '-' && c != '[') {
      shown->push_back(c);
      continue;
    }
    report_ += c;
    if (report_[0] == '[') {
      if (!MayBecomeUnreachable(report_) || report_.size() > kLongestReport) {
        shown->append(std::exchange(report_, ""));
      } else if (c == '\n') {
        report_.clear();
      }
      continue;
    }
    const size_t first_end = report_.find('\n');
    bool over = report_.size() > kLongestReport;
    if (first_end == std::string::npos) {
      over = over || c != '-' || report_.size() > kHyphens;
      // The newline after the rule is still to come.
    } else if (first_end == report_.size() - 1) {
      over = over || !IsRule(report_.substr(0, first_end));
    } else if (c == '\n') {
      const size_t last = report_.rfind('\n', report_.size() - 2) + 1;
      const auto line = absl::string_view(report_).substr(last);
      if (IsRule(absl::StripSuffix(line, "\n"))) {
        const std::string report = std::exchange(report_, "");
        if (!ReadReport(report)) shown->append(report);
        continue;
      }
    }
    if (over) {
      shown->append(std::exchange(report_, ""));
    }
  }
}

bool MpirunReport::ReadReport(absl::string_view report) {
  const std::string text = absl::StrJoin(
      absl::StrSplit(report, absl::ByAnyChar(" \n"), absl::SkipEmpty()), " ");
  const ReportPatterns& patterns = Patterns();
  Failure failure;
  if (RE2::PartialMatch(text, patterns.signal, &failure.rank, &failure.pid,
                        &failure.host, &failure.code)) {
    failure.kind = Failure::Kind::kSignal;
  } else if (RE2::PartialMatch(text, patterns.left, &failure.rank, &failure.pid,
                               &failure.host)) {
    failure.kind = Failure::Kind::kLeft;
  } else if (RE2::PartialMatch(text, patterns.exit, &failure.rank,
                               &failure.code)) {
    failure.kind = Failure::Kind::kExit;
  } else if (RE2::PartialMatch(text, patterns.abort, &failure.rank,
                               &failure.code)) {
    failure.kind = Failure::Kind::kAbort;
  } else if (LostConnection lost; RE2::PartialMatch(
                 text, patterns.lost, &lost.host, &lost.pid, &lost.peer_host)) {
    if (!lost_.has_value()) lost_ = std::move(lost);
    return true;
  } else {
    return RE2::PartialMatch(text, patterns.echo);
  }
  // The first end is the cause, the others its consequence.
  if (!failure_.has_value()) failure_ = std::move(failure);
  return true;
}

std::optional<Failure> MpirunReport::failure() const {
  if (!lost_.has_value()) return failure_;
  if (failure_.has_value()) {
    const auto ended = ranks_.find(failure_->rank);
    const bool is_consequence =
        (failure_->kind == Failure::Kind::kExit ||
         failure_->kind == Failure::Kind::kLeft) &&
        ended != ranks_.end() && ended->second.pid == lost_->pid &&
        ShortHostName(ended->second.host) == ShortHostName(lost_->host);
    if (!is_consequence) return failure_;
  }
  Failure failure;
  failure.kind = Failure::Kind::kLost;
  failure.rank = -1;
  failure.host = lost_->peer_host;
  int candidates = 0;
  bool have_completed = !ranks_.empty();
  for (const auto& [number, rank] : ranks_) {
    have_completed = have_completed && rank.completed.has_value();
    if (rank.completed.has_value() ||
        ShortHostName(rank.host) != ShortHostName(lost_->peer_host)) {
      continue;
    }
    failure.rank = ++candidates == 1 ? number : -1;
  }
  if (failure.rank >= 0) failure.host.clear();  // as the rank has told it
  // Lost on the way out, by a job that was done.
  return have_completed ? failure_ : failure;
}

std::string Describe(const MpirunReport::Failure& failure,
                     const std::map<int, MpirunReport::Rank>& ranks) {
  MpirunReport::Rank rank;
  const auto known = ranks.find(failure.rank);
  if (known != ranks.end()) rank = known->second;
  if (failure.pid != 0) rank.pid = failure.pid;
  if (!failure.host.empty()) rank.host = failure.host;
  std::string text = failure.rank < 0
                         ? absl::StrCat("a rank on host ", failure.host)
                         : absl::StrCat("rank ", failure.rank);
  if (failure.rank >= 0 && !rank.host.empty()) {
    absl::StrAppend(&text, " (host ", rank.host, ", pid ", rank.pid, ")");
  }
  switch (failure.kind) {
    case Failure::Kind::kSignal:
      absl::StrAppend(&text, " was killed by signal ", failure.code, " (",
                      strsignal(failure.code), ")");
      break;
    case Failure::Kind::kExit:
      absl::StrAppend(&text, " exited with code ", failure.code);
      break;
    case Failure::Kind::kAbort:
      absl::StrAppend(&text, " aborted the job with code ", failure.code);
      break;
    case Failure::Kind::kLeft:
      absl::StrAppend(&text, " exited before the run was complete");
      break;
    case Failure::Kind::kLost:
      absl::StrAppend(&text, " ended, or its connection to another host did");
      break;
  }
  if (!rank.position.empty()) {
    absl::StrAppend(&text, ", last seen in ", rank.position);
  }
  return text;
}

}  // namespace reprise
