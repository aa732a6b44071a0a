// The schema of a run's records (metric_sink.h): the fields of each in the
// order of metrics.jsonl, and name, unit, dependence on the clock and meaning
// of each field, once. What writes or describes records visits them:
//
//   struct Lister {
//     template <typename Value>
//     void operator()(const RecordField& field, const Value& value);
//   };
//   ForEachField(record, Lister());
//
// Values are int, int64_t, uint64_t, bool, double, std::string,
// std::optional<double>, PhaseSeconds and AgentReport; those of a record that
// is not const can be set. docs/METRICS.md has the
// schema as a table, which a test compares with this file.
#ifndef REPRISE_CORE_METRICS_RECORD_FIELDS_H_
#define REPRISE_CORE_METRICS_RECORD_FIELDS_H_

#include <type_traits>

#include "absl/status/status.h"
#include "core/base/phase.h"
#include "core/metrics/metric_sink.h"

namespace reprise {

struct RecordField {
  const char* name;
  // "seconds", "ratio" (in [0, 1]), "index" (from 0), what is counted
  // ("samples"), a rate of that ("samples/second"); empty for text, truth
  // values and numbers without a unit.
  const char* unit;
  const char* meaning;
  // Whether the value depends on the clock, so that it differs between two runs
  // that compute the same.
  bool is_timed = false;

  static constexpr bool kTimed = true;
};

// What each line of metrics.jsonl has beside the fields of its record.
inline constexpr RecordField kSchemaField = {"schema", "",
                                             "version of this schema: 1"};
inline constexpr RecordField kRecordField = {"record", "",
                                             "kind of the record"};
inline constexpr RecordField kRunField = {
    "run", "", "id of the run, which no two runs share"};
inline constexpr RecordField kUnixSecondsField = {
    "unix_seconds", "seconds",
    "wall clock as the record is reported, since 1970-01-01 00:00 UTC, in "
    "whole "
    "microseconds that no other record of the run has",
    RecordField::kTimed};

// For overloads that take a record, const or not.
template <typename R, typename Record>
using IfRecord =
    std::enable_if_t<std::is_same_v<std::remove_const_t<R>, Record>, int>;

// Kinds of records, as in the files.
inline const char* RecordKind(const RunStart&) { return "run_start"; }
inline const char* RecordKind(const StepRecord&) { return "step"; }
inline const char* RecordKind(const TrainEpochRecord&) { return "train_epoch"; }
inline const char* RecordKind(const TestRecord&) { return "test"; }
inline const char* RecordKind(const TaskRecord&) { return "task_end"; }
inline const char* RecordKind(const RunEnd&) { return "run_end"; }

// To the hook of its kind.
inline absl::Status ReportRecord(const RunStart& r, MetricSink& sink) {
  return sink.OnRunStart(r);
}
inline absl::Status ReportRecord(const StepRecord& r, MetricSink& sink) {
  return sink.OnStep(r);
}
inline absl::Status ReportRecord(const TrainEpochRecord& r, MetricSink& sink) {
  return sink.OnTrainEpoch(r);
}
inline absl::Status ReportRecord(const TestRecord& r, MetricSink& sink) {
  return sink.OnTest(r);
}
inline absl::Status ReportRecord(const TaskRecord& r, MetricSink& sink) {
  return sink.OnTaskEnd(r);
}
inline absl::Status ReportRecord(const RunEnd& r, MetricSink& sink) {
  return sink.OnRunEnd(r);
}

// A record of each kind, without content.
template <typename Visitor>
void ForEachKind(Visitor&& visit) {
  visit(RunStart());
  visit(StepRecord());
  visit(TrainEpochRecord());
  visit(TestRecord());
  visit(TaskRecord());
  visit(RunEnd());
}

template <typename R, typename Visitor, IfRecord<R, RunStart> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"experiment", "", "name of the program or preset"}, r.experiment);
  visit(F{"agent", "", "method, with what changes it"}, r.agent);
  visit(F{"model", "", "network"}, r.model);
  visit(F{"dataset", "", "data set"}, r.dataset);
  visit(F{"generated_data", "", "whether it is a stand-in, not the real one"},
        r.generated_data);
  visit(F{"world_size", "ranks", "number of ranks"}, r.world_size);
  visit(F{"num_tasks", "tasks", "number of tasks"}, r.num_tasks);
  visit(F{"epochs_per_task", "epochs", "epochs of each task"},
        r.epochs_per_task);
  visit(F{"seed", "", "of all random numbers"}, r.seed);
}

template <typename R, typename Visitor, IfRecord<R, StepRecord> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"task", "index", "task being learnt"}, r.task);
  visit(F{"epoch", "index", "epoch within the task"}, r.epoch);
  visit(F{"step", "index", "step within the epoch"}, r.step);
  visit(F{"steps_in_epoch", "steps", "steps of this epoch"}, r.steps_in_epoch);
  visit(F{"global_step", "steps",
          "optimizer steps since the start, this one included"},
        r.global_step);
  visit(F{"loss", "",
          "weighted objective sum w l / sum w, of the epoch so far and rank "
          "0's part of it"},
        r.loss_so_far);
  visit(F{"accuracy", "ratio",
          "top1 of incoming samples, of the epoch so far and rank 0's part of "
          "it"},
        r.accuracy_so_far);
  visit(F{"learning_rate", "", "at this step"}, r.learning_rate);
  visit(F{"run_fraction", "ratio", "steps done of all steps of the run"},
        r.run_fraction);
  visit(F{"images_per_second", "samples/second",
          "rank 0's incoming samples of the epoch so far times ranks; null "
          "before time has passed",
          F::kTimed},
        r.images_per_second);
}

template <typename R, typename Visitor, IfRecord<R, TrainEpochRecord> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"task", "index", "task being learnt"}, r.task);
  visit(F{"epoch", "index", "epoch within the task"}, r.epoch);
  visit(F{"epoch_of_run", "index", "epoch over all tasks"}, r.epoch_of_run);
  visit(F{"steps_of_run", "steps", "optimizer steps since the start"},
        r.steps_of_run);
  visit(F{"steps", "steps", "steps of this epoch"}, r.steps);
  visit(F{"loss", "", "weighted objective sum w l / sum w"}, r.loss);
  visit(F{"incoming_loss", "", "mean over incoming samples, unweighted"},
        r.incoming_loss);
  visit(F{"representative_loss", "",
          "mean over representatives, unweighted; null without any"},
        r.representative_loss);
  visit(F{"top1", "ratio", "accuracy over incoming samples"}, r.top1);
  visit(F{"top5", "ratio", "of incoming samples, label among the first five"},
        r.top5);
  visit(F{"incoming_samples", "samples", "of all ranks"}, r.incoming_samples);
  visit(F{"representatives", "samples", "of all ranks"}, r.representatives);
  visit(F{"representative_weight_share", "ratio",
          "representatives' part of the total weight"},
        r.representative_weight_share);
  visit(F{"learning_rate", "", "at the last step"}, r.learning_rate);
  visit(F{"world_size", "ranks", "number of ranks"}, r.world_size);
  visit(F{"seconds", "seconds", "training only", F::kTimed}, r.seconds);
  visit(F{"phase_seconds", "seconds", "by phase, of rank 0", F::kTimed},
        r.phase_seconds);
  visit(
      F{"overlap_share", "ratio",
        "of the reduction's time, what backward hid; 0 on one rank", F::kTimed},
      r.overlap_share);
}

template <typename R, typename Visitor, IfRecord<R, TestRecord> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"task", "index", "task being learnt"}, r.task);
  visit(F{"test_task", "index", "task whose test set is used"}, r.test_task);
  visit(F{"epoch", "epochs", "trained within the task; 0 before training"},
        r.epoch);
  visit(F{"head", "", "classifier: logits, nme"}, r.head);
  visit(F{"primary", "", "whether it is the method's own classifier"},
        r.primary);
  visit(F{"top1", "ratio", "accuracy; null where the head cannot answer yet"},
        r.top1);
  visit(F{"top5", "ratio",
          "label among the first five; null where the head cannot answer yet"},
        r.top5);
  visit(F{"loss", "", "mean cross-entropy; null for heads without one"},
        r.loss);
  visit(F{"correct", "samples", "top1 count"}, r.correct);
  visit(F{"samples", "samples", "size of the test set"}, r.samples);
  visit(F{"steps", "steps", "batches of rank 0"}, r.steps);
  visit(F{"seconds", "seconds", "of this evaluation", F::kTimed}, r.seconds);
}

template <typename R, typename Visitor, IfRecord<R, TaskRecord> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"task", "index", "task that has ended"}, r.task);
  visit(F{"agent", "", "method's own numbers: by_class, by_rank, scalars"},
        r.agent);
  visit(F{"seconds", "seconds", "training and evaluation", F::kTimed},
        r.seconds);
}

template <typename R, typename Visitor, IfRecord<R, RunEnd> = 0>
void ForEachField(R& r, Visitor&& visit) {
  using F = RecordField;
  visit(F{"incoming_samples", "samples", "trained, of all ranks"},
        r.incoming_samples);
  visit(F{"world_size", "ranks", "number of ranks"}, r.world_size);
  visit(F{"seconds", "seconds", "training and evaluation", F::kTimed},
        r.seconds);
  visit(F{"training_seconds", "seconds", "training only", F::kTimed},
        r.training_seconds);
  visit(
      F{"overlap_share", "ratio",
        "of the reduction's time, what backward hid; 0 on one rank", F::kTimed},
      r.overlap_share);
  visit(F{"phase_seconds", "seconds", "by phase, of rank 0", F::kTimed},
        r.phase_seconds);
  visit(F{"sink_seconds", "seconds",
          "of the training thread, in all sinks before this record, of rank 0",
          F::kTimed},
        r.sink_seconds);
}

// visit(name, seconds) of each phase, in the order of the enumeration.
template <typename Visitor>
void ForEachPhase(const PhaseSeconds& seconds, Visitor&& visit) {
  for (int phase = 0; phase < kNumPhases; ++phase) {
    visit(PhaseName(static_cast<Phase>(phase)), seconds[phase]);
  }
}

}  // namespace reprise

#endif  // REPRISE_CORE_METRICS_RECORD_FIELDS_H_
