#include "launch/mpirun/job/job_verdict.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {
namespace {

using Failure = MpirunReport::Failure;

bool IsDocumented(int exit_code) {
  for (const ExitCode code :
       {ExitCode::kOk, ExitCode::kInternal, ExitCode::kUsage, ExitCode::kData,
        ExitCode::kDistributed, ExitCode::kStorage, ExitCode::kInterrupted}) {
    if (exit_code == static_cast<int>(code)) return true;
  }
  return false;
}

std::optional<int> CompletedWith(const MpirunReport& report, int rank) {
  const auto found = report.ranks().find(rank);
  return found == report.ranks().end() ? std::nullopt : found->second.completed;
}

// What mpirun says, if it does; otherwise the first rank that is missing or
// has reported a failure.
std::optional<Failure> FindFailure(const MpirunReport& report,
                                   const JobEnd& end) {
  if (report.failure().has_value()) return report.failure();
  if (AllCompleted(report, end.ranks, 0)) return std::nullopt;
  Failure failure;
  if (end.missed_rank.has_value()) {
    failure.rank = *end.missed_rank;
    return failure;
  }
  for (const auto& [rank, reported] : report.ranks()) {
    failure.rank = rank;
    if (!reported.completed.has_value()) return failure;
    if (*reported.completed != 0) {
      failure.kind = Failure::Kind::kExit;
      failure.code = *reported.completed;
      return failure;
    }
  }
  return std::nullopt;
}

JobVerdict JudgeFailure(const MpirunReport& report, const Failure& failure) {
  JobVerdict verdict;
  verdict.exit_code = static_cast<int>(ExitCode::kDistributed);
  const bool has_code = failure.kind == Failure::Kind::kExit ||
                        failure.kind == Failure::Kind::kAbort;
  if (has_code && failure.code != 0 && IsDocumented(failure.code)) {
    verdict.exit_code = failure.code;
  }
  // A rank that completed with the code has said why itself.
  if (failure.kind != Failure::Kind::kExit ||
      CompletedWith(report, failure.rank) != failure.code) {
    verdict.line = Describe(failure, report.ranks());
  }
  return verdict;
}

}  // namespace

bool AllCompleted(const MpirunReport& report, int64_t ranks,
                  std::optional<int> code) {
  if (static_cast<int64_t>(report.ranks().size()) != ranks) return false;
  for (const auto& [rank, reported] : report.ranks()) {
    if (!reported.completed.has_value()) return false;
    if (code.has_value() && reported.completed != code) return false;
  }
  return true;
}

JobVerdict JudgeJob(const MpirunReport& report, const JobEnd& end) {
  const std::optional<Failure> failure = FindFailure(report, end);
  const std::optional<int> code = end.mpirun_end.exit_code();
  if (!failure.has_value() && code == 0 && AllCompleted(report, end.ranks, 0)) {
    return JobVerdict();
  }
  JobVerdict verdict;
  verdict.exit_code = static_cast<int>(ExitCode::kDistributed);
  if (!code.has_value() && !end.missed_rank.has_value() &&
      !report.failure().has_value()) {
    const int signal = end.mpirun_end.signal();
    verdict.line =
        absl::StrCat("mpirun (pid ", end.mpirun, ") was killed by signal ",
                     signal, " (", strsignal(signal), ")");
  } else if (failure.has_value()) {
    verdict = JudgeFailure(report, *failure);
  } else {
    verdict.line = absl::StrCat("mpirun ended with code ", code.value_or(-1),
                                " and ", report.ranks().size(), " of ",
                                end.ranks, " ranks had started");
  }
  return verdict;
}

}  // namespace reprise
