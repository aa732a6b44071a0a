// What the golden tests share: the reference files, the data set of their
// scripts, and distances to what the scripts kept.
#ifndef REPRISE_TESTS_GOLDEN_REFERENCE_H_
#define REPRISE_TESTS_GOLDEN_REFERENCE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "nlohmann/json.hpp"

namespace reprise {

// tests/golden/NAME.json; ends the test program if it is not there.
nlohmann::json ReadReference(const std::string& name);

// Ten classes of kScriptedRowsPerClass images of 28 x 28 pixels, class after
// class: data_row of nil_reference.py. Training and test set are the same rows.
inline constexpr int64_t kScriptedRowsPerClass = 60;
DatasetPair ScriptedData();
// The same of columns only: stripe_row there, for training of many steps. An
// exchange of rows would not show; mnistnet_golden_test trains on ScriptedData,
// where it does. Bands of rows (50 tried) left margins below kLeastMargin.
DatasetPair ScriptedStripes();
// All of their training rows, and the first row of each to test on.
TaskSpec ScriptedTask(std::vector<int64_t> classes);

// What a script must have found of the choices that gradients depend on
// (Margins of nil_reference.py): below, an instruction set whose sums round
// otherwise could choose another pixel in max-pooling, or another side of relu.
inline constexpr double kLeastMargin = 1e-6;

// |values - reference| / |reference|.
double RelativeDistance(const std::vector<double>& values,
                        const std::vector<double>& reference);

// The same, estimated from `sketch`: the reference's norm, then its dot
// products with vectors of random signs. The expected square of such a dot
// product of the difference is the square of its norm. `number`: the tensor's
// place in its list, `values` in PyTorch's element order.
double SketchDistance(const std::vector<double>& values,
                      const std::vector<double>& sketch, int number);

}  // namespace reprise

#endif  // REPRISE_TESTS_GOLDEN_REFERENCE_H_
