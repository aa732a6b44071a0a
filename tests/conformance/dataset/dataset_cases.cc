#include "tests/conformance/dataset/dataset_cases.h"

#include "data/candle/candle.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/cifar10/cifar10.h"
#include "data/cifar10/cifar_writer.h"
#include "data/mnist/idx_writer.h"
#include "data/mnist/mnist.h"
#include "data/synthetic/candle_like.h"
#include "data/synthetic/cifar10_like.h"
#include "data/synthetic/mnist_like.h"

namespace reprise {
namespace {

// Of 60,483: a row of text is as long.
constexpr int64_t kFewFeatures = 50;

absl::StatusOr<DatasetPair> ReadCandleOf(const std::string& datasets,
                                         int64_t features) {
  CandleOptions options;
  options.features = features;
  std::vector<std::string> warnings;
  return ReadCandle(datasets, options, &warnings);
}

}  // namespace

const std::vector<DatasetCase>& DatasetCases() {
  static const std::vector<DatasetCase>& table = *new std::vector<DatasetCase>{
      {"mnist",
       "MNIST",
       "MNIST/raw",
       10,
       DType::kUint8,
       {1, 28, 28},
       [](uint64_t seed) { return GenerateMnistLike(seed, 6, 3); },
       [](const std::string& datasets, const DatasetPair& pair) {
         return WriteMnist(datasets, pair, /*compressed=*/false);
       },
       ReadMnist,
       ReadMnist},
      {"cifar10",
       "CIFAR10",
       "CIFAR10/cifar-10-batches-bin",
       10,
       DType::kUint8,
       {3, 32, 32},
       [](uint64_t seed) { return GenerateCifar10Like(seed, 6, 3); },
       WriteCifar10,
       ReadCifar10,
       ReadCifar10},
      {"candle",
       "CANDLE",
       "CANDLE",
       2,
       DType::kFloat32,
       {1, 1, kFewFeatures},
       [](uint64_t seed) {
         return GenerateCandleLike(seed, 12, 6, kFewFeatures);
       },
       WriteCandle,
       [](const std::string& datasets) {
         return ReadCandleOf(datasets, kFewFeatures);
       },
       [](const std::string& datasets) {
         return ReadCandleOf(datasets, CandleOptions().features);
       }},
  };
  return table;
}

}  // namespace reprise
