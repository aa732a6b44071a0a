// All that the results folder of a run says of it, whether it has finished,
// still goes on, or ended in between: for what lists, compares and draws runs.
//
// The sources are run.json, metrics.jsonl, from which all results follow
// (summary.json says the same again and is not read), and the end of log.txt.
#ifndef REPRISE_LAUNCH_REPORT_RUN_FOLDER_H_
#define REPRISE_LAUNCH_REPORT_RUN_FOLDER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/metrics/accuracy/accuracy_matrix.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/run_json.h"

namespace reprise {

enum class RunState {
  kFinished,    // its last record is there
  kRunning,     // not yet, and its process is still there, on this host
  kFailed,      // not, and the last 64 KiB of its log tell an error
  kUnfinished,  // none of these: killed, or it goes on on another host
};

// "finished", "running", "failed", "unfinished".
const char* RunStateName(RunState state);

struct RunFolder {
  std::string path;  // as it was given
  RunJson run;       // settings with their origins, hosts, devices, digests ...

  // Absent where the run ended before its first record.
  std::optional<RunStart> start;
  // At most RunFolderOptions::most_steps, evenly spaced; all epochs, tests and
  // ends of tasks.
  std::vector<StepRecord> steps;
  std::vector<TrainEpochRecord> epochs;
  std::vector<TestRecord> tests;
  std::vector<TaskRecord> task_ends;
  std::optional<RunEnd> end;
  // a(i,j) of each head, the primary one first; tasks that are still to come
  // are unknown.
  HeadMatrices heads{1};

  std::optional<StepRecord> last_step;
  int64_t records = 0;    // of metrics.jsonl
  int64_t cut_bytes = 0;  // of a last record that was not written to its end

  RunState state = RunState::kUnfinished;
  std::string error;  // of kFailed: the last that the log tells

  // The run's id; of a run from before there were ids "".
  const std::string& id() const;
  // Steps done of all steps, in [0, 1]: 1 once it has finished.
  double fraction() const;
  // "task 2 of 3, epoch 1, step 30", tasks, epochs and steps counted from 1, as
  // runs print it; "before the first step".
  std::string Position() const;
  // The method's own classifier; nullptr before the first evaluation.
  const HeadMatrices::Head* primary_head() const;
  // From the first to the last record; of a finished run what it measured.
  double seconds() const;
  // Of all ranks, over the epochs so far; null before the first has ended.
  std::optional<double> images_per_second() const;
  // Of rank 0; before the end that of the epochs so far, which has no
  // evaluation.
  PhaseSeconds phase_seconds() const;
};

struct RunFolderOptions {
  size_t most_steps = 500;  // >= 2; a curve on a page has no more points
};

// `path`: the folder, as the user wrote it. Memory is that of the records that
// are kept: a metrics.jsonl of a gigabyte of steps takes some megabytes.
//
// UsageError that says what `path` is instead, and what to name, where it is
// not the folder of one run. DataError naming file and line where a file of it
// is not what it should be; the half of a last line is none of these.
// StorageError where a file cannot be read.
absl::StatusOr<RunFolder> ReadRunFolder(const std::string& path,
                                        const RunFolderOptions& options = {});

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUN_FOLDER_H_
