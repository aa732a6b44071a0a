// What both variants of iCaRL share: the heads they answer with.
#ifndef REPRISE_AGENTS_ICARL_EXEMPLAR_HEADS_H_
#define REPRISE_AGENTS_ICARL_EXEMPLAR_HEADS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "agents/agent.h"
#include "core/tensor/nearest_mean.h"

namespace reprise {

// Collective: by class, the mean of the present network's features of `rows`;
// empty where a class has none.
absl::StatusOr<std::vector<std::vector<double>>> MeansOfRows(
    const TaskContext& context, const std::vector<std::vector<int64_t>>& rows,
    FeatureNorm norm);

// The nearest of `means`, by class; answers only if `answers`.
Classifier NearestMeanClassifier(std::vector<std::vector<double>> means,
                                 FeatureNorm norm, bool answers);

// The largest logit among the classes seen.
Classifier SeenLogitsClassifier(std::vector<bool> seen);

// Rows of each class among the task's own, ascending.
std::vector<std::vector<int64_t>> RowsByClass(const TaskContext& context,
                                              int64_t num_classes);

}  // namespace reprise

#endif  // REPRISE_AGENTS_ICARL_EXEMPLAR_HEADS_H_
