#include "agents/evaluation_loop.h"

#include "agents/forward_batches.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/metrics/meters.h"
#include "core/tensor/torch_status.h"
#include "core/tensor/weighted_cross_entropy.h"
#include "data/sharded_sampler.h"

namespace reprise {
namespace {

// Adds one batch's scores to the head's counts.
template <typename T>
void Count(const at::Tensor& scores, const std::vector<int32_t>& labels,
           bool with_loss, HeadResult& result) {
  const int64_t n = scores.size(0), num_classes = scores.size(1);
  std::vector<int32_t> ranks(n);
  LabelRanks<T>(scores.data_ptr<T>(), labels.data(), n, num_classes,
                ranks.data());
  const TopCounts correct = CountTop(ranks);
  result.top1 += correct.top1;
  result.top5 += correct.top5;
  if (!with_loss) return;
  const std::vector<float> weights(n, 1.0f);
  std::vector<double> losses(n);
  WeightedCrossEntropy<T>(scores.data_ptr<T>(), labels.data(), weights.data(),
                          n, num_classes, 1.0, losses.data(), nullptr);
  for (const double loss : losses) *result.loss_sum += loss;
}

std::vector<int32_t> LabelsOf(const std::vector<Sample>& samples) {
  std::vector<int32_t> labels;
  labels.reserve(samples.size());
  for (const Sample& sample : samples) labels.push_back(sample.label);
  return labels;
}

// Adds what each head says of one batch.
void CountBatch(const std::vector<Classifier>& classifiers,
                const ModelOutput& output, const std::vector<int32_t>& labels,
                EvaluationResult& result) {
  for (size_t h = 0; h < classifiers.size(); ++h) {
    const std::optional<at::Tensor> scores = classifiers[h].scores(output);
    if (!scores.has_value()) continue;
    HeadResult& head = result.heads[h];
    head.answered = true;
    const at::Tensor host = scores->to(at::kCPU).contiguous();
    if (host.scalar_type() == at::kDouble) {
      Count<double>(host, labels, head.loss_sum.has_value(), head);
    } else {
      Count<float>(host, labels, head.loss_sum.has_value(), head);
    }
  }
  ++result.steps;
}

absl::Status SumOverRanks(Communicator& communicator,
                          std::vector<HeadResult>& heads) {
  std::vector<int64_t> counts;
  std::vector<double> losses;
  for (const HeadResult& head : heads) {
    counts.insert(counts.end(), {head.answered ? 1 : 0, head.top1, head.top5});
    losses.push_back(head.loss_sum.value_or(0));
  }
  REPRISE_RETURN_IF_ERROR(communicator
                              .AllReduce(counts.data(), counts.size(),
                                         DType::kInt64, ReduceOp::kSum)
                              ->Wait());
  REPRISE_RETURN_IF_ERROR(communicator
                              .AllReduce(losses.data(), losses.size(),
                                         DType::kFloat64, ReduceOp::kSum)
                              ->Wait());
  for (size_t h = 0; h < heads.size(); ++h) {
    HeadResult& head = heads[h];
    head.answered = counts[3 * h] > 0;
    head.top1 = counts[3 * h + 1];
    head.top5 = counts[3 * h + 2];
    if (head.loss_sum.has_value()) head.loss_sum = losses[h];
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EvaluationResult> Evaluate(
    Model& model, const std::vector<Classifier>& classifiers,
    const BatchInput& input, const Dataset& dataset,
    const std::vector<int64_t>& indices, int64_t batch_size,
    Communicator& communicator) {
  EvaluationResult result;
  result.samples = static_cast<int64_t>(indices.size());
  for (const Classifier& classifier : classifiers) {
    HeadResult head;
    head.head = classifier.name;
    if (classifier.scores_are_logits) head.loss_sum = 0;
    result.heads.push_back(std::move(head));
  }

  const auto [begin, end] = EvaluationShard(result.samples, communicator.rank(),
                                            communicator.world_size());
  const absl::Status local =
      CatchTorch("evaluation", [&, begin = begin, end = end] {
        ForEachForwardBatch(
            model, input, dataset, indices, begin, end, batch_size,
            [&](int64_t, const std::vector<Sample>& samples,
                const ModelOutput& output) {
              CountBatch(classifiers, output, LabelsOf(samples), result);
            });
        return absl::OkStatus();
      });
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, local));

  REPRISE_RETURN_IF_ERROR(SumOverRanks(communicator, result.heads));
  return result;
}

}  // namespace reprise
