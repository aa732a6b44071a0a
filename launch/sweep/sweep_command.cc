#include "launch/sweep/sweep_command.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "core/base/cores.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/log.h"
#include "core/base/program_info.h"
#include "core/base/status.h"
#include "core/device/gpu/cuda_driver.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/process/rank_process.h"
#include "launch/process/threads/core_binding.h"
#include "launch/process/threads/openmp_wait.h"
#include "launch/report/report_command.h"
#include "launch/sweep/core_shares.h"
#include "launch/sweep/gpu_shares.h"
#include "launch/sweep/points/point_folder.h"
#include "launch/sweep/points/sweep_file.h"
#include "launch/sweep/points/sweep_points.h"
#include "launch/sweep/points/sweep_record.h"
#include "launch/sweep/sweep_display.h"
#include "launch/sweep/sweep_lock.h"
#include "launch/sweep/sweep_progress.h"
#include "launch/sweep/sweep_run.h"
#include "launch/sweep/sweep_table.h"

namespace reprise {
namespace {

using State = PointProgress::State;

// Runs of a sweep that was killed end within it.
constexpr absl::Duration kLockPatience = absl::Seconds(30);
// The link, not its path: a program that is built anew meanwhile is another.
constexpr char kThisProgram[] = "/proc/self/exe";
constexpr size_t kMostNamed = 20;
constexpr size_t kMostInReport = 200;

constexpr char kUsage[] =
    "reprise sweep FILE [--parallel=N] [--stop-on-failure] [--name=NAME]\n"
    "              [--results-dir=DIR] [--dry-run]";
constexpr char kText[] =
    R"(Runs a point for each combination of settings in FILE, a YAML file:

  settings:                  # of every point: flags, without --
    dataset: mnist
    model: mnistnet
    epochs: 2
  grid:                      # every combination of these
    agent: [nil, er, base]
    agent-config.num_representatives: [100, 1000]
  list:                      # instead of a grid; with one: each with all of it
    - {lr: 0.1, momentum: 0}
    - {lr: 0.01}
  seeds: [1, 2, 3]           # of each configuration, folded in the table

All points are checked as command lines are before any of them starts. Each is
a run of its own in <results-dir>/<name>/points/<its settings>, where output.txt
has all that it wrote. sweep.json has the points, sweep.csv the table, report.html
the report. The same command again goes on: points that are done are kept, others
start anew. docs/SWEEPS.md has the rest.
)";

struct SweepLine {
  std::vector<std::string> arguments;  // as they were given
  std::string file, name, results_dir, yaml_config, config;
  int64_t parallel = 1;
  bool stop_on_failure = false, dry_run = false;
  // For all points.
  std::vector<std::string> flags;
};

// nullopt: help was printed.
absl::StatusOr<std::optional<SweepLine>> ReadLine(
    const std::vector<std::string>& arguments) {
  SweepLine read;
  read.arguments = arguments;
  VerbLine line("sweep", kUsage, kText);
  ValueRange parallel;
  parallel.least = 1;
  parallel.most = 1024;
  line.Integer("parallel", "N", parallel,
               "points at a time [1]; each has its part of the cores and GPUs",
               &read.parallel);
  line.Switch("stop-on-failure", "no further point after one has failed",
              &read.stop_on_failure);
  line.Text("name", "NAME", "of the sweep's folder; else FILE's", &read.name);
  line.Text("results-dir", "DIR", "folder of all results [./results]",
            &read.results_dir);
  line.Text("yaml-config", "FILE",
            "configuration file of all points, as of a run", &read.yaml_config);
  line.Text("config", "SECTION", "of that file", &read.config);
  line.Switch("dry-run", "list the points and their command lines, run nothing",
              &read.dry_run);
  line.Parse(arguments);
  if (line.wants_help()) {
    std::fputs(line.Help().c_str(), stdout);
    return std::optional<SweepLine>();
  }
  if (line.words().size() != 1) {
    line.AddProblem("expected one FILE, found ", line.words().size());
  } else {
    read.file = line.words().front();
  }
  if (!line.IsGiven("name") && !read.file.empty()) {
    read.name = FolderText(std::filesystem::path(read.file).stem().string());
  }
  if (read.name != FolderText(read.name) || read.name == "." ||
      read.name == "..") {
    line.AddProblem("--name: expected letters, digits and ._+-, found '",
                    read.name, "'");
  }
  for (const auto& [flag, value] :
       {std::make_pair("results-dir", &read.results_dir),
        std::make_pair("yaml-config", &read.yaml_config),
        std::make_pair("config", &read.config)}) {
    if (line.IsGiven(flag)) {
      read.flags.push_back(absl::StrCat("--", flag, "=", *value));
    }
  }
  REPRISE_RETURN_IF_ERROR(line.status());
  return std::optional<SweepLine>(std::move(read));
}

// A job's rank would start every point once for each rank.
absl::Status RefuseInJob() {
  const absl::StatusOr<std::optional<RankPlace>> place = FindRankPlace();
  if (place.ok() && !place->has_value()) return absl::OkStatus();
  return UsageError(
      "sweep: expected a process of its own, found one that mpirun or srun has "
      "started, whose points would take themselves for its ranks; call it in "
      "the batch script itself");
}

std::string NamesText(std::vector<std::string> names) {
  if (names.size() > kMostNamed) {
    names.resize(kMostNamed);
    names.push_back("...");
  }
  return absl::StrJoin(names, "\n  ");
}

// For a shell: a space before each, in quotes what is more than a word.
std::string ShellText(const std::vector<std::string>& arguments) {
  constexpr char kPlain[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+@";
  std::string text;
  for (const std::string& argument : arguments) {
    const bool is_plain = !argument.empty() && argument.find_first_not_of(
                                                   kPlain) == std::string::npos;
    absl::StrAppend(&text, is_plain ? " " : " '",
                    absl::StrReplaceAll(argument, {{"'", "'\\''"}}),
                    is_plain ? "" : "'");
  }
  return text;
}

class SweepSession {
 public:
  SweepSession(const SweepLine& line, ResolvedSweep sweep)
      : line_(line), folder_(std::move(sweep.folder)) {
    progress_.points = std::move(sweep.points);
    progress_.of_point.resize(progress_.points.size());
    // Of more places some would stay empty, with their cores.
    progress_.parallel =
        std::min(line.parallel, static_cast<int64_t>(progress_.points.size()));
  }

  absl::Status Work() {
    REPRISE_ASSIGN_OR_RETURN(const SweepLock lock,
                             SweepLock::Take(folder_, kLockPatience));
    REPRISE_RETURN_IF_ERROR(Record());
    REPRISE_RETURN_IF_ERROR(FindDone());
    RecordBuilds();
    REPRISE_RETURN_IF_ERROR(WriteSweepRecord(folder_, record_));
    REPRISE_RETURN_IF_ERROR(WriteTable());
    REPRISE_RETURN_IF_ERROR(MakeRoom());
    REPRISE_ASSIGN_OR_RETURN(const SweepRun::End end, RunPoints());
    REPRISE_RETURN_IF_ERROR(WriteTable());
    LogInfo(absl::StrCat("table: ", folder_, "/sweep.csv"));
    if (end != SweepRun::End::kInterrupted) WriteReport();
    return Conclude(end);
  }

 private:
  // Against what an earlier start has recorded.
  absl::Status Record() {
    record_.file = line_.file;
    record_.version = kVersion;
    REPRISE_ASSIGN_OR_RETURN(record_.program_digest, ProgramDigest());
    REPRISE_ASSIGN_OR_RETURN(const std::optional<SweepRecord> before,
                             ReadSweepRecord(folder_));
    SweepChanges changes = ContinueRecord(before.value_or(SweepRecord()),
                                          progress_.points, &record_);
    if (!before.has_value()) return absl::OkStatus();
    if (!changes.added.empty()) {
      LogInfo(absl::StrCat("new in ", line_.file, ":\n  ",
                           NamesText(std::move(changes.added))));
    }
    if (!changes.vanished.empty()) {
      LogWarning(absl::StrCat(
          "not in ", line_.file,
          " any more, so left as they are and out of the table:\n  ",
          NamesText(std::move(changes.vanished))));
    }
    return absl::OkStatus();
  }

  absl::Status FindDone() {
    std::vector<std::string> problems, other_meaning;
    for (size_t i = 0; i < progress_.points.size(); ++i) {
      const SweepPoint& point = progress_.points[i];
      const absl::StatusOr<PointFolder> folder =
          ReadPointFolder(FolderOf(point), point);
      if (!folder.ok()) {
        problems.emplace_back(folder.status().message());
      } else if (!folder->differences.empty()) {
        other_meaning.push_back(absl::StrCat(
            point.name, ": ", absl::StrJoin(folder->differences, "; ")));
      } else if (folder->state == PointFolder::State::kFinished) {
        progress_.of_point[i].state = State::kDone;
        progress_.of_point[i].measures = folder->measures;
      } else if (folder->state == PointFolder::State::kUnfinished) {
        unfinished_.push_back(i);
      }
    }
    if (!problems.empty()) return UsageError(NamesText(std::move(problems)));
    if (other_meaning.empty()) return absl::OkStatus();
    const size_t count = other_meaning.size();
    return UsageError(absl::StrCat(
        folder_, ": ", count, count == 1 ? " point has" : " points have",
        " another meaning than in the runs that are there:\n  ",
        NamesText(std::move(other_meaning)),
        "\nundo the change, or begin another sweep with --name"));
  }

  // What is not done is run by this build.
  void RecordBuilds() {
    for (size_t i = 0; i < progress_.points.size(); ++i) {
      if (progress_.of_point[i].state == State::kDone) continue;
      record_.points[i].program_digest = record_.program_digest;
    }
    const std::map<std::string, int64_t> builds = CountBuilds(record_);
    if (builds.size() < 2) return;
    std::vector<std::string> texts;
    for (const auto& [digest, points] : builds) {
      texts.push_back(absl::StrCat(
          points, " of ", digest.empty() ? "an unknown one" : digest,
          digest == record_.program_digest ? ", which is this" : ""));
    }
    LogWarning(absl::StrCat(
        "the points are of more than one build: ", absl::StrJoin(texts, "; "),
        "; begin another sweep with --name to have all by one"));
  }

  absl::Status WriteTable() const {
    return ReplaceFile(folder_ + "/sweep.csv", {TableCsv(RowsOf(progress_))});
  }

  absl::Status MakeRoom() {
    for (const size_t i : unfinished_) {
      const SweepPoint& point = progress_.points[i];
      REPRISE_ASSIGN_OR_RETURN(
          const std::string now,
          SetAside(FolderOf(point), folder_ + "/set_aside"));
      LogInfo(absl::StrCat(point.name, ": has not finished before; ", now,
                           " has what there was, and it starts anew"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SweepRun::End> RunPoints() {
    SweepRunOptions options;
    options.program = kThisProgram;
    options.folder = folder_;
    options.stop_on_failure = line_.stop_on_failure;
    options.shares = ShareCores(InOrderOfSockets(CoresOfThisProcess()),
                                UsableCores(), progress_.parallel);
    options.gpu_shares = ShareGpus(CountGpus(), GetEnv("CUDA_VISIBLE_DEVICES"),
                                   progress_.parallel);
    // The last one tells what was wrong with it.
    options.point_ended = [this] { WriteTable().IgnoreError(); };
    Announce(options);
    // For the points, which then need no second start.
    LimitSpinning();
    SweepDisplay display(DetectDisplay(STDOUT_FILENO));
    absl::StatusOr<SweepRun::End> end =
        SweepRun(std::move(options), &progress_, &display).Run();
    display.Finish(progress_);
    return end;
  }

  // A driver may start threads: they leave this process's signals to it.
  static int64_t CountGpus() {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int64_t count = ThisCudaDriver().gpus.size();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return count;
  }

  void Announce(const SweepRunOptions& options) const {
    const CoreShares& shares = options.shares;
    const int64_t done = progress_.Count(State::kDone);
    std::string text = absl::StrCat(
        "sweep ", line_.name, ": ", progress_.points.size(), " points, ",
        done > 0 ? absl::StrCat(done, " done before, ") : "",
        progress_.parallel, " at a time");
    if (progress_.parallel > 1) {
      absl::StrAppend(&text, shares.slices.empty() ? " with " : " on ",
                      shares.cores_per_point,
                      shares.cores_per_point == 1 ? " core" : " cores",
                      " each");
      if (!options.gpu_shares.empty()) {
        absl::StrAppend(&text, ", GPUs ",
                        absl::StrJoin(options.gpu_shares, " | "));
      }
    }
    LogInfo(absl::StrCat(text, ", in ", folder_));
    for (const SweepPoint& point : progress_.points) {
      const int64_t threads = LeastThreads(point.ranks, point.threads);
      if (progress_.parallel == 1 || threads <= shares.cores_per_point) {
        continue;
      }
      LogWarning(absl::StrCat(
          point.name, " asks for ", threads,
          " threads, so it slows down those beside it; a smaller --parallel "
          "leaves each point more cores"));
      return;
    }
  }

  // Of all points that are done; one that cannot be written costs no more.
  void WriteReport() const {
    std::vector<std::string> arguments;
    for (size_t i = 0; i < progress_.points.size(); ++i) {
      if (progress_.of_point[i].state != State::kDone) continue;
      arguments.push_back(FolderOf(progress_.points[i]));
    }
    if (arguments.empty()) return;
    if (arguments.size() > kMostInReport) {
      LogInfo(absl::StrCat("no report.html: more than ", kMostInReport,
                           " points; `reprise report` makes one of those that "
                           "it is given"));
      return;
    }
    arguments.push_back(absl::StrCat("--output=", folder_, "/report.html"));
    const absl::Status written = RunReportCommand(arguments, std::cout);
    if (!written.ok()) LogWarning(written.message());
  }

  absl::Status Conclude(SweepRun::End end) const {
    const size_t all = progress_.points.size();
    const std::string goes_on =
        absl::StrCat(" with ", progress_.Count(State::kDone), " of ", all,
                     " points done; the same command goes on: reprise sweep",
                     ShellText(line_.arguments));
    if (end == SweepRun::End::kInterrupted) {
      return StatusWithExitCode(absl::StatusCode::kCancelled,
                                absl::StrCat("interrupted", goes_on),
                                ExitCode::kInterrupted);
    }
    for (const PointProgress& point : progress_.of_point) {
      if (point.state != State::kFailed) continue;
      return StatusWithExitCode(
          absl::StatusCode::kUnknown,
          end == SweepRun::End::kStoppedOnFailure
              ? absl::StrCat("stopped on a failure", goes_on)
              : absl::StrCat(
                    progress_.Count(State::kFailed), " of ", all,
                    " points failed; the same command tries them again"),
          point.exit_code);
    }
    return absl::OkStatus();
  }

  std::string FolderOf(const SweepPoint& point) const {
    return absl::StrCat(PointsFolder(folder_), "/", point.name);
  }

  const SweepLine& line_;
  const std::string folder_;
  SweepProgress progress_;
  SweepRecord record_;
  std::vector<size_t> unfinished_;
};

void PrintPoints(const ResolvedSweep& sweep) {
  for (const SweepPoint& point : sweep.points) {
    std::fputs(absl::StrCat(point.name, "\n  reprise",
                            ShellText(point.arguments), "\n")
                   .c_str(),
               stdout);
  }
}

}  // namespace

absl::Status RunSweepCommand(const std::vector<std::string>& arguments,
                             const Experiment& experiment) {
  REPRISE_ASSIGN_OR_RETURN(const std::optional<SweepLine> line,
                           ReadLine(arguments));
  if (!line.has_value()) return absl::OkStatus();
  REPRISE_RETURN_IF_ERROR(RefuseInJob());
  REPRISE_ASSIGN_OR_RETURN(const SweepFile file, ReadSweepFile(line->file));
  REPRISE_ASSIGN_OR_RETURN(
      ResolvedSweep sweep,
      ResolveSweep(file, line->flags, line->name, experiment));
  for (const std::string& note : sweep.notes) LogInfo(note);
  if (line->dry_run) {
    PrintPoints(sweep);
    return absl::OkStatus();
  }
  return SweepSession(*line, std::move(sweep)).Work();
}

}  // namespace reprise
