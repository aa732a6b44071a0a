#include "tests/conformance/model/network_table.h"

namespace reprise {

const std::vector<NetworkRow>& NetworkTable() {
  static const std::vector<NetworkRow>& table = *new std::vector<NetworkRow>{
      {"mnistnet",
       {"mnistnet"},
       {1, 28, 28},
       50,
       /*has_dropout=*/true,
       /*normalises_batches=*/false,
       "conv1.weight",
       "fc2.bias"},
      // Narrow ones: width changes numbers, not structure.
      {"resnet18",
       {"resnet", {18, 4}},
       {3, 32, 32},
       32,
       /*has_dropout=*/false,
       /*normalises_batches=*/true,
       "conv1.weight",
       "fc.bias"},
      {"resnet50",
       {"resnet", {50, 4}},
       {3, 32, 32},
       128,
       /*has_dropout=*/false,
       /*normalises_batches=*/true,
       "conv1.weight",
       "fc.bias"},
      {"resnet18_upstream",
       {"resnet", {18, 4, /*upstream=*/true}},
       {3, 32, 32},
       16,
       /*has_dropout=*/false,
       /*normalises_batches=*/true,
       "conv1.weight",
       "fc.bias"},
      // 155 million parameters, 20 billion operations a sample.
      {"candlenet",
       {"candlenet"},
       {1, 1, 60483},
       20,
       /*has_dropout=*/true,
       /*normalises_batches=*/false,
       "conv1.weight",
       "fc3.bias",
       /*samples=*/2},
  };
  return table;
}

}  // namespace reprise
