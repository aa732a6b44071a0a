#include "core/metrics/summary/head_json.h"

#include <cstdint>
#include <utility>

#include "core/metrics/record_json.h"

namespace reprise {

nlohmann::ordered_json HeadJson(const HeadMatrices::Head& head) {
  using Json = nlohmann::ordered_json;
  const AccuracyMatrix& matrix = head.matrix;
  Json json = {{"name", head.name},
               {"primary", head.primary},
               {"accuracy_matrix", Json::array()},
               {"task_mean_by_task", Json::array()},
               {"sample_mean_by_task", Json::array()}};
  for (int64_t i = 0; i < matrix.num_tasks(); ++i) {
    Json row = Json::array();
    for (int64_t j = 0; j <= i; ++j) row.push_back(JsonOf(matrix.At(i, j)));
    json["accuracy_matrix"].push_back(std::move(row));
    json["task_mean_by_task"].push_back(JsonOf(matrix.TaskMean(i)));
    json["sample_mean_by_task"].push_back(JsonOf(matrix.SampleMean(i)));
  }
  for (const AccuracyMatrix::Measure& measure : matrix.Measures()) {
    json[measure.name] = {{"value", JsonOf(measure.value)},
                          {"formula", measure.formula}};
  }
  return json;
}

}  // namespace reprise
