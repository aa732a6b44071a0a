#include "tests/golden/reference.h"

#include <cmath>
#include <cstddef>
#include <fstream>
#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/base/philox.h"

namespace reprise {
namespace {

constexpr int kClasses = 10, kSide = 28;

double Norm(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

// Pixel p of a label's row is the value's lowest byte.
DatasetPair Scripted(int (*value)(int label, int row, int p)) {
  auto rows = std::make_shared<Dataset>();
  rows->format.height = rows->format.width = kSide;
  rows->format.mean = rows->format.stddev = {0.5};
  rows->num_classes = kClasses;
  for (int label = 0; label < kClasses; ++label) {
    for (int row = 0; row < kScriptedRowsPerClass; ++row) {
      for (int p = 0; p < kSide * kSide; ++p) {
        rows->rows.push_back(
            static_cast<std::byte>(value(label, row, p) % 256));
      }
      rows->labels.push_back(label);
    }
  }
  DatasetPair data;
  data.name = "scripted";
  data.train = rows;
  data.test = rows;
  return data;
}

}  // namespace

nlohmann::json ReadReference(const std::string& name) {
  std::ifstream file("tests/golden/" + name + ".json");
  REPRISE_CHECK(file.good()) << "no tests/golden/" << name << ".json";
  return nlohmann::json::parse(file);
}

DatasetPair ScriptedData() {
  return Scripted([](int label, int row, int p) {
    return (label + 1) * (p % kSide) * (p / kSide) + 31 * row + p;
  });
}

DatasetPair ScriptedStripes() {
  return Scripted([](int label, int row, int p) {
    const int x = p % kSide;
    return (label + 1) * x * x + 43 * row + x;
  });
}

TaskSpec ScriptedTask(std::vector<int64_t> classes) {
  TaskSpec task;
  for (const int64_t c : classes) {
    for (int64_t i = 0; i < kScriptedRowsPerClass; ++i) {
      task.train_indices.push_back(c * kScriptedRowsPerClass + i);
    }
    task.test_indices.push_back(c * kScriptedRowsPerClass);
  }
  task.classes = task.new_classes = std::move(classes);
  return task;
}

double RelativeDistance(const std::vector<double>& values,
                        const std::vector<double>& reference) {
  REPRISE_CHECK(values.size() == reference.size())
      << values.size() << " values, " << reference.size() << " expected";
  std::vector<double> difference = values;
  for (size_t i = 0; i < values.size(); ++i) difference[i] -= reference[i];
  return Norm(difference) / Norm(reference);
}

double SketchDistance(const std::vector<double>& values,
                      const std::vector<double>& sketch, int number) {
  double sum = 0;
  for (size_t k = 1; k < sketch.size(); ++k) {
    PhiloxStream signs({/*seed=*/42, Purpose::kTest, /*task=*/0,
                        /*step=*/static_cast<uint32_t>(k - 1),
                        /*position=*/static_cast<uint32_t>(number)});
    double dot = 0;
    for (const double value : values) {
      dot += (signs.NextWord() & 1) != 0 ? value : -value;
    }
    sum += (dot - sketch[k]) * (dot - sketch[k]);
  }
  return std::sqrt(sum / static_cast<double>(sketch.size() - 1)) / sketch[0];
}

}  // namespace reprise
