#include "agents/training/evaluation_loop.h"

#include <algorithm>
#include <set>
#include <utility>

#include "agents/training/forward_batches.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/metrics/confusion/confusion_counter.h"
#include "core/metrics/meters.h"
#include "core/tensor/torch_status.h"
#include "core/tensor/weighted_cross_entropy.h"
#include "data/sharded_sampler.h"

namespace reprise {
namespace {

// What is counted of a head, this rank's and then all ranks'.
struct HeadCounts {
  HeadResult result;
  std::optional<ConfusionCounter> confusion;
};

// Adds one batch's scores to the head's counts.
template <typename T>
void Count(const at::Tensor& scores, const std::vector<int32_t>& labels,
           HeadCounts& counts) {
  HeadResult& result = counts.result;
  const int64_t n = scores.size(0), num_classes = scores.size(1);
  std::vector<int32_t> ranks(n);
  LabelRanks<T>(scores.data_ptr<T>(), labels.data(), n, num_classes,
                ranks.data());
  const TopCounts correct = CountTop(ranks);
  result.top1 += correct.top1;
  result.top5 += correct.top5;
  if (counts.confusion.has_value()) {
    std::vector<int32_t> predicted(n);
    PredictedClasses<T>(scores.data_ptr<T>(), n, num_classes, predicted.data());
    for (int64_t i = 0; i < n; ++i) {
      counts.confusion->Add(labels[i], predicted[i]);
    }
  }
  if (!result.loss_sum.has_value()) return;
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
                std::vector<HeadCounts>& heads) {
  for (size_t h = 0; h < classifiers.size(); ++h) {
    const std::optional<at::Tensor> scores = classifiers[h].scores(output);
    if (!scores.has_value()) continue;
    heads[h].result.answered = true;
    const at::Tensor host = scores->to(at::kCPU).contiguous();
    if (host.scalar_type() == at::kDouble) {
      Count<double>(host, labels, heads[h]);
    } else {
      Count<float>(host, labels, heads[h]);
    }
  }
}

// The classes that the rows have, ascending.
std::vector<int64_t> ClassesOf(const Dataset& dataset,
                               const std::vector<int64_t>& indices) {
  std::set<int64_t> classes;
  for (const int64_t i : indices) classes.insert(dataset.labels[i]);
  return {classes.begin(), classes.end()};
}

std::vector<HeadCounts> NothingCounted(
    const std::vector<Classifier>& classifiers, const Dataset& dataset,
    const std::vector<int64_t>& indices, bool confusion) {
  std::vector<HeadCounts> heads;
  for (const Classifier& classifier : classifiers) {
    HeadCounts head;
    head.result.head = classifier.name;
    if (classifier.scores_are_logits) head.result.loss_sum = 0;
    if (confusion) {
      head.confusion.emplace(ClassesOf(dataset, indices), dataset.num_classes);
    }
    heads.push_back(std::move(head));
  }
  return heads;
}

absl::Status SumOverRanks(Communicator& communicator,
                          std::vector<HeadCounts>& heads) {
  std::vector<int64_t> counts;
  std::vector<double> losses;
  for (HeadCounts& head : heads) {
    const HeadResult& result = head.result;
    counts.insert(counts.end(),
                  {result.answered ? 1 : 0, result.top1, result.top5});
    if (head.confusion.has_value()) {
      const std::vector<int64_t>& pairs = head.confusion->counts();
      counts.insert(counts.end(), pairs.begin(), pairs.end());
    }
    losses.push_back(result.loss_sum.value_or(0));
  }
  REPRISE_RETURN_IF_ERROR(communicator
                              .AllReduce(counts.data(), counts.size(),
                                         DType::kInt64, ReduceOp::kSum)
                              ->Wait());
  REPRISE_RETURN_IF_ERROR(communicator
                              .AllReduce(losses.data(), losses.size(),
                                         DType::kFloat64, ReduceOp::kSum)
                              ->Wait());
  auto next = counts.cbegin();
  for (size_t h = 0; h < heads.size(); ++h) {
    HeadResult& result = heads[h].result;
    result.answered = *next++ > 0;
    result.top1 = *next++;
    result.top5 = *next++;
    if (result.loss_sum.has_value()) result.loss_sum = losses[h];
    if (!heads[h].confusion.has_value()) continue;
    std::vector<int64_t>& pairs = heads[h].confusion->counts();
    std::copy_n(next, pairs.size(), pairs.begin());
    next += static_cast<int64_t>(pairs.size());
    if (result.answered) result.confusion = heads[h].confusion->NonZero();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<EvaluationResult> Evaluate(
    Model& model, const std::vector<Classifier>& classifiers,
    const BatchInput& input, const Dataset& dataset,
    const std::vector<int64_t>& indices, const EvaluationOptions& options,
    Communicator& communicator) {
  EvaluationResult result;
  result.samples = static_cast<int64_t>(indices.size());
  std::vector<HeadCounts> heads =
      NothingCounted(classifiers, dataset, indices, options.confusion);

  const auto [begin, end] = EvaluationShard(result.samples, communicator.rank(),
                                            communicator.world_size());
  const absl::Status local =
      CatchTorch("evaluation", [&, begin = begin, end = end] {
        ForEachForwardBatch(
            model, input, dataset, indices, begin, end, options.batch_size,
            [&](int64_t, const std::vector<Sample>& samples,
                const ModelOutput& output) {
              CountBatch(classifiers, output, LabelsOf(samples), heads);
              ++result.steps;
            });
        return absl::OkStatus();
      });
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, local));

  REPRISE_RETURN_IF_ERROR(SumOverRanks(communicator, heads));
  for (HeadCounts& head : heads) {
    result.heads.push_back(std::move(head.result));
  }
  return result;
}

}  // namespace reprise
