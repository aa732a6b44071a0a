#include "launch/report/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "core/metrics/jsonl/jsonl_replay.h"
#include "core/metrics/meters.h"
#include "launch/report/run_process.h"

namespace reprise {
namespace {

namespace fs = std::filesystem;

// A matrix has the square of the tasks; more are no run of ours.
constexpr int64_t kMostTasks = 1000;
constexpr size_t kMostHeads = 16;
constexpr int kMostRanks = 65536;  // as --ranks allows

constexpr int64_t kLogTailBytes = 1 << 16;

// Fills the records of a RunFolder.
class Collector final : public MetricSink {
 public:
  Collector(std::string path, size_t most_steps, RunFolder* run)
      : path_(std::move(path)), most_steps_(most_steps), run_(*run) {}

  // The next step's turn: one of every stride_ is kept.
  bool WantsStep() {
    wants_step_ = count_++ % stride_ == 0;
    return wants_step_;
  }

  absl::Status OnRunStart(const RunStart& start) override {
    if (run_.start.has_value()) return Fault("holds a second run_start");
    if (start.num_tasks < 1 || start.num_tasks > kMostTasks) {
      return Fault("expected 1 to ", kMostTasks, " tasks in run_start, found ",
                   start.num_tasks);
    }
    if (start.world_size < 1 || start.world_size > kMostRanks) {
      return Fault("expected a world_size from 1 to ", kMostRanks,
                   " in run_start, found ", start.world_size);
    }
    if (start.epochs_per_task < 0) {
      return Fault("expected epochs_per_task from 0 in run_start, found ",
                   start.epochs_per_task);
    }
    run_.start = start;
    run_.heads = HeadMatrices(start.num_tasks);
    return absl::OkStatus();
  }

  absl::Status OnStep(const StepRecord& step) override {
    REPRISE_RETURN_IF_ERROR(Check("step", step.task));
    run_.last_step = step;
    if (!std::exchange(wants_step_, false)) return absl::OkStatus();
    run_.steps.push_back(step);
    if (run_.steps.size() >= most_steps_) Thin();
    return absl::OkStatus();
  }

  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    REPRISE_RETURN_IF_ERROR(Check("train_epoch", epoch.task));
    run_.epochs.push_back(epoch);
    return absl::OkStatus();
  }

  absl::Status OnTest(const TestRecord& test) override {
    REPRISE_RETURN_IF_ERROR(Check("test", test.task));
    if (test.test_task < 0 || test.test_task > test.task) {
      return Fault("expected a test_task from 0 to ", test.task,
                   " in test, found ", test.test_task);
    }
    heads_.insert(test.head);
    if (heads_.size() > kMostHeads) {
      return Fault("expected at most ", kMostHeads, " heads, found more");
    }
    run_.heads.Add(test);
    run_.tests.push_back(test);
    return absl::OkStatus();
  }

  absl::Status OnTaskEnd(const TaskRecord& task) override {
    REPRISE_RETURN_IF_ERROR(Check("task_end", task.task));
    run_.task_ends.push_back(task);
    return absl::OkStatus();
  }

  absl::Status OnRunEnd(const RunEnd& end) override {
    REPRISE_RETURN_IF_ERROR(Check("run_end", 0));
    run_.end = end;
    return absl::OkStatus();
  }

 private:
  template <typename... Pieces>
  absl::Status Fault(const Pieces&... pieces) const {
    return DataError(absl::StrCat(path_, ": ", pieces...));
  }

  absl::Status Check(const char* record, int64_t task) const {
    if (!run_.start.has_value()) {
      return Fault("expected run_start before the first ", record);
    }
    if (task >= 0 && task < run_.start->num_tasks) return absl::OkStatus();
    return Fault("expected a task from 0 to ", run_.start->num_tasks - 1,
                 " in ", record, ", found ", task);
  }

  void Thin() {
    size_t kept = 0;
    for (size_t i = 0; i < run_.steps.size(); i += 2) {
      run_.steps[kept++] = run_.steps[i];
    }
    run_.steps.resize(kept);
    stride_ *= 2;
  }

  const std::string path_;
  const size_t most_steps_;
  RunFolder& run_;
  int64_t count_ = 0, stride_ = 1;
  bool wants_step_ = false;
  std::set<std::string> heads_;
};

// What a path is that is not the folder of a run, and what to name instead.
absl::Status NoRun(const std::string& path, absl::string_view what) {
  return UsageError(absl::StrCat(path, ": expected the folder of a run (with ",
                                 "run.json), found ", what));
}

// The first few runs in a folder of runs.
std::string RunsIn(const std::string& folder) {
  std::vector<std::string> runs;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; entry != end;
       entry.increment(error)) {
    if (error) break;
    if (fs::exists(entry->path() / "run.json", error)) {
      runs.push_back(entry->path().filename().string());
    }
  }
  if (runs.empty()) return "";
  std::sort(runs.begin(), runs.end());
  return absl::StrCat("a folder of ", runs.size(), " runs; name one, like ",
                      folder, absl::EndsWith(folder, "/") ? "" : "/",
                      runs.back(), ", or list them by 'reprise runs'");
}

absl::Status CheckIsRun(const std::string& path) {
  std::error_code error;
  const fs::file_status found = fs::status(path, error);
  if (found.type() == fs::file_type::not_found) return NoRun(path, "nothing");
  if (found.type() == fs::file_type::none) {
    return StorageError(
        absl::StrCat("cannot read ", path, ": ", error.message()));
  }
  if (!fs::is_directory(found)) {
    const fs::path parent = fs::path(path).parent_path();
    return NoRun(path,
                 fs::exists(parent / "run.json", error)
                     ? absl::StrCat("a file of one; name the folder, ",
                                    parent.empty() ? "." : parent.string())
                     : "a file");
  }
  if (fs::exists(path + "/run.json", error)) return absl::OkStatus();
  if (error) {
    return StorageError(
        absl::StrCat("cannot read ", path, ": ", error.message()));
  }
  const std::string runs = RunsIn(path);
  if (!runs.empty()) return NoRun(path, runs);
  for (const char* file : {"metrics.jsonl", "dl_metrics.json", "args.json"}) {
    if (!fs::exists(absl::StrCat(path, "/", file), error)) continue;
    return NoRun(path, absl::StrCat("a ", file,
                                    " without it: results of another program, "
                                    "or the copy of a part of them; copy the "
                                    "whole folder"));
  }
  return NoRun(path, fs::is_empty(path, error)
                         ? "an empty folder; 'reprise runs' lists what there is"
                         : "other files; 'reprise runs' lists what there is");
}

// "2026-11-30T07:30:39.123Z text": where the text begins; 0 without a time.
size_t TextBegin(absl::string_view line) {
  constexpr size_t kTimeLength = 24;
  return line.size() > kTimeLength && line[kTimeLength] == ' ' &&
                 line[kTimeLength - 1] == 'Z' && line[10] == 'T'
             ? kTimeLength + 1
             : 0;
}

absl::Status ReadLog(RunFolder* run) {
  const std::string path = run->path + "/log.txt";
  std::error_code error;
  if (!fs::exists(path, error)) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(const InputFile file, InputFile::Open(path));
  const int64_t bytes = std::min(kLogTailBytes, file.size());
  std::string tail(static_cast<size_t>(bytes), ' ');
  REPRISE_RETURN_IF_ERROR(file.ReadAt(file.size() - bytes, bytes, &tail[0]));
  for (const absl::string_view line :
       absl::StrSplit(tail, '\n', absl::SkipWhitespace())) {
    absl::string_view text = line.substr(TextBegin(line));
    if (TextBegin(line) > 0 && absl::ConsumePrefix(&text, "error: ")) {
      run->error = std::string(text);
    }
  }
  return absl::OkStatus();
}

RunState StateOf(const RunFolder& run) {
  if (run.end.has_value()) return RunState::kFinished;
  if (IsStillRunning(run.run)) return RunState::kRunning;
  return run.error.empty() ? RunState::kUnfinished : RunState::kFailed;
}

absl::Status ReadRecords(const RunFolderOptions& options, RunFolder* run) {
  const std::string path = run->path + "/metrics.jsonl";
  std::error_code error;
  // A run that failed before its first record has none.
  if (!fs::exists(path, error)) return absl::OkStatus();
  Collector collector(path, options.most_steps, run);
  ReplayOptions replay;
  replay.wants_step = [&collector] { return collector.WantsStep(); };
  REPRISE_ASSIGN_OR_RETURN(const ReplayedFile file,
                           ReplayJsonl(path, collector, replay));
  run->records = file.records;
  run->cut_bytes = file.cut_bytes;
  const std::string& id = run->run.info.run_id;
  if (run->start.has_value() && !id.empty() && run->start->run_id != id) {
    return DataError(absl::StrCat(
        path, ": expected the records of run ", Printable(id),
        ", which run.json names, found those of ",
        Printable(run->start->run_id), "; the folder holds files of two runs"));
  }
  return absl::OkStatus();
}

}  // namespace

const char* RunStateName(RunState state) {
  switch (state) {
    case RunState::kFinished:
      return "finished";
    case RunState::kRunning:
      return "running";
    case RunState::kFailed:
      return "failed";
    case RunState::kUnfinished:
      return "unfinished";
  }
  return "";
}

const std::string& RunFolder::id() const {
  return run.info.run_id.empty() && start.has_value() ? start->run_id
                                                      : run.info.run_id;
}

double RunFolder::fraction() const {
  if (end.has_value()) return 1;
  double done = last_step.has_value() ? last_step->run_fraction : 0;
  if (!epochs.empty() && start.has_value() && start->epochs_per_task > 0) {
    done = std::max(done, static_cast<double>(epochs.size()) /
                              (static_cast<double>(start->num_tasks) *
                               static_cast<double>(start->epochs_per_task)));
  }
  return std::clamp(done, 0.0, 1.0);
}

std::string RunFolder::Position() const {
  const bool epoch_is_last =
      !epochs.empty() &&
      (!last_step.has_value() ||
       epochs.back().unix_microseconds >= last_step->unix_microseconds);
  if (!start.has_value() || (!last_step.has_value() && epochs.empty())) {
    return "before the first step";
  }
  const int64_t task = epoch_is_last ? epochs.back().task : last_step->task;
  const int64_t epoch = epoch_is_last ? epochs.back().epoch : last_step->epoch;
  return absl::StrCat(
      "task ", task + 1, " of ", start->num_tasks, ", epoch ", epoch + 1,
      epoch_is_last ? "" : absl::StrCat(", step ", last_step->step + 1));
}

const HeadMatrices::Head* RunFolder::primary_head() const {
  return heads.heads().empty() ? nullptr : &heads.heads().front();
}

double RunFolder::seconds() const {
  if (end.has_value()) return end->seconds;
  if (!start.has_value()) return 0;
  int64_t last = start->unix_microseconds;
  if (last_step.has_value())
    last = std::max(last, last_step->unix_microseconds);
  if (!epochs.empty()) last = std::max(last, epochs.back().unix_microseconds);
  if (!tests.empty()) last = std::max(last, tests.back().unix_microseconds);
  return static_cast<double>(last - start->unix_microseconds) / 1e6;
}

std::optional<double> RunFolder::images_per_second() const {
  ThroughputMeter meter;
  if (end.has_value()) {
    meter.Add(end->incoming_samples, end->training_seconds);
    return meter.ImagesPerSecond();
  }
  for (const TrainEpochRecord& epoch : epochs) {
    meter.Add(epoch.incoming_samples, epoch.seconds);
  }
  return meter.ImagesPerSecond();
}

PhaseSeconds RunFolder::phase_seconds() const {
  if (end.has_value()) return end->phase_seconds;
  PhaseSeconds sum{};
  for (const TrainEpochRecord& epoch : epochs) {
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += epoch.phase_seconds[i];
  }
  return sum;
}

absl::StatusOr<RunFolder> ReadRunFolder(const std::string& path,
                                        const RunFolderOptions& options) {
  REPRISE_RETURN_IF_ERROR(CheckIsRun(path));
  RunFolder run;
  run.path = path;
  REPRISE_ASSIGN_OR_RETURN(run.run, ReadRunJson(path));
  const int world_size = run.run.info.world_size;
  if (world_size < 1 || world_size > kMostRanks) {
    return DataError(
        absl::StrCat(path, "/run.json: expected a \"world_size\" from 1 to ",
                     kMostRanks, ", found ", world_size));
  }
  REPRISE_RETURN_IF_ERROR(ReadRecords(options, &run));
  REPRISE_RETURN_IF_ERROR(ReadLog(&run));
  run.state = StateOf(run);
  if (run.state != RunState::kFailed) run.error.clear();
  return run;
}

}  // namespace reprise
