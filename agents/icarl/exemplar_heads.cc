#include "agents/icarl/exemplar_heads.h"

#include <ATen/ops/empty.h>

#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "core/base/status.h"

namespace reprise {

absl::StatusOr<std::vector<std::vector<double>>> MeansOfRows(
    const TaskContext& context, const std::vector<std::vector<int64_t>>& rows,
    FeatureNorm norm) {
  std::vector<std::vector<double>> means;
  for (const std::vector<int64_t>& class_rows : rows) {
    means.emplace_back();
    if (class_rows.empty()) continue;
    REPRISE_ASSIGN_OR_RETURN(const at::Tensor features,
                             context.features(class_rows));
    std::vector<int64_t> all(class_rows.size());
    std::iota(all.begin(), all.end(), 0);
    means.back() =
        ClassMean(features.data_ptr<float>(), features.size(1), all, norm);
  }
  return means;
}

Classifier NearestMeanClassifier(std::vector<std::vector<double>> means,
                                 FeatureNorm norm, bool answers) {
  Classifier classifier;
  classifier.name = "nme";
  classifier.scores =
      [means = std::move(means), norm,
       answers](const ModelOutput& output) -> std::optional<at::Tensor> {
    if (!answers) return std::nullopt;
    const at::Tensor features =
        output.features.to(at::kCPU, at::kFloat).contiguous();
    at::Tensor scores =
        at::empty({features.size(0), static_cast<int64_t>(means.size())},
                  at::TensorOptions(at::kFloat));
    NearestMeans(features.data_ptr<float>(), features.size(0), features.size(1),
                 means, norm, scores.data_ptr<float>());
    return scores;
  };
  return classifier;
}

Classifier SeenLogitsClassifier(std::vector<bool> seen) {
  Classifier classifier;
  classifier.name = "logits";
  classifier.scores =
      [seen = std::move(seen)](
          const ModelOutput& output) -> std::optional<at::Tensor> {
    at::Tensor scores = output.logits.detach().clone();
    for (size_t c = 0; c < seen.size(); ++c) {
      if (!seen[c]) {
        scores.select(1, static_cast<int64_t>(c))
            .fill_(-std::numeric_limits<double>::infinity());
      }
    }
    return scores;
  };
  return classifier;
}

std::vector<std::vector<int64_t>> RowsByClass(const TaskContext& context,
                                              int64_t num_classes) {
  std::vector<std::vector<int64_t>> rows(num_classes);
  for (const int64_t row : context.spec.train_indices) {
    rows[context.train.labels[row]].push_back(row);
  }
  return rows;
}

}  // namespace reprise
