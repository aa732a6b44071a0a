#include "agents/training/seen_tasks.h"

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"

namespace reprise {
namespace {

TestRecord RecordOf(const EvaluationResult& result, size_t h) {
  const HeadResult& head = result.heads[h];
  TestRecord record;
  record.head = head.head;
  record.primary = h == 0;
  record.correct = head.top1;
  record.samples = result.samples;
  record.steps = result.steps;
  record.confusion = head.confusion;
  if (!head.answered || result.samples == 0) return record;
  const double samples = static_cast<double>(result.samples);
  record.top1 = head.top1 / samples;
  record.top5 = head.top5 / samples;
  if (head.loss_sum.has_value()) record.loss = *head.loss_sum / samples;
  return record;
}

}  // namespace

absl::StatusOr<double> EvaluateSeenTasks(
    const SeenTasks& seen, const std::vector<Classifier>& classifiers,
    const EvaluationOptions& options, const BatchInput& input, Model& model,
    Communicator& communicator, MetricSink& sink) {
  double loss_sum = 0;
  int64_t samples = 0;
  absl::Status reported;
  for (int64_t test_task = 0; test_task <= seen.task; ++test_task) {
    const absl::Time start = absl::Now();
    REPRISE_ASSIGN_OR_RETURN(
        const EvaluationResult result,
        Evaluate(model, classifiers, input, seen.test,
                 seen.tasks[test_task].test_indices, options, communicator));
    loss_sum += result.heads[0].loss_sum.value_or(0);
    samples += result.samples;
    for (size_t h = 0; h < result.heads.size(); ++h) {
      TestRecord record = RecordOf(result, h);
      record.task = seen.task;
      record.test_task = test_task;
      record.epoch = seen.epoch;
      record.seconds = absl::ToDoubleSeconds(absl::Now() - start);
      reported.Update(sink.OnTest(record));
    }
  }
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, reported));
  return samples > 0 ? loss_sum / samples : 0.0;
}

}  // namespace reprise
