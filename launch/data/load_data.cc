#include "launch/data/load_data.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "data/candle/candle.h"
#include "data/cifar10/cifar10.h"
#include "data/dataset_search.h"
#include "data/mnist/mnist.h"
#include "data/mnist/upstream_transform.h"
#include "data/near_miss.h"
#include "data/synthetic/candle_like.h"
#include "data/synthetic/cifar10_like.h"
#include "data/synthetic/mnist_like.h"

namespace reprise {
namespace {

// What --quick takes of one task, of data of 242 KB a row.
constexpr int64_t kQuickRows = 32;

struct Source {
  const char* name;                  // --dataset
  std::vector<std::string> entries;  // FindDatasets'
  std::vector<Clue> clues;
  const char* looked_for;  // the same for the user
  std::function<absl::StatusOr<DatasetPair>(const std::string& folder)> read;
  std::function<DatasetPair()> generate;
};

std::vector<Source> Sources(const ExperimentSpec& spec, int threads,
                            std::vector<std::string>* warnings) {
  return {
      {"mnist", MnistEntries(), MnistClues(),
       "MNIST/, raw/ or train-images-idx3-ubyte[.gz]", ReadMnist,
       [&spec] { return GenerateMnistLike(spec.training.seed); }},
      {"cifar10", Cifar10Entries(), Cifar10Clues(),
       "CIFAR10/, cifar-10-batches-bin/, cifar-10-batches-py/ or "
       "data_batch_1[.bin]",
       ReadCifar10,
       [&spec] { return GenerateCifar10Like(spec.training.seed); }},
      {"candle", CandleEntries(), CandleClues(), "CANDLE/ or nt_train2.csv",
       [&spec, threads, warnings](const std::string& folder) {
         CandleOptions options;
         options.threads = threads;
         options.scale_on_test_too = spec.recipe.profile == Profile::kUpstream;
         return ReadCandle(folder, options, warnings);
       },
       [&spec] {
         return spec.recipe.quick ? GenerateCandleLike(spec.training.seed,
                                                       kQuickRows, kQuickRows)
                                  : GenerateCandleLike(spec.training.seed);
       }},
  };
}

// OK where the stand-in may be taken: the user named no folder, and nothing in
// the others looks like the data set, packed or under other names.
absl::Status CheckNothingIsMeant(const Source& source,
                                 const DatasetPlace& place) {
  for (size_t i = 0; i < place.looked_at.size(); ++i) {
    const std::string& folder = place.looked_at[i];
    const bool named = i == 0 && !place.named_by.empty();
    if (!named && !FindNearMiss(folder, source.clues, 1).has_value()) continue;
    const absl::Status why = source.read(folder).status();
    if (why.ok()) continue;  // put there meanwhile
    return DataError(absl::StrCat(
        why.message(), named ? absl::StrCat("; without ", place.named_by,
                                            ", and no data in ./datasets and "
                                            "~/datasets, a run takes "
                                            "generated data")
                             : ""));
  }
  return absl::OkStatus();
}

absl::StatusOr<DatasetPair> LoadUntransformed(
    const ExperimentSpec& spec, int threads,
    std::vector<std::string>* warnings) {
  for (const Source& source : Sources(spec, threads, warnings)) {
    if (spec.data.dataset != source.name) continue;
    REPRISE_ASSIGN_OR_RETURN(
        const DatasetPlace place,
        FindDatasets(spec.data.dataset_dir, source.entries));
    if (!place.folder.empty()) return source.read(place.folder);
    REPRISE_RETURN_IF_ERROR(CheckNothingIsMeant(source, place));
    DatasetPair pair = source.generate();
    pair.source = absl::StrCat("generated (no ", source.looked_for, " in ",
                               absl::StrJoin(place.looked_at, ", "), ")");
    return pair;
  }
  return absl::InternalError(absl::StrCat("no reader for ", spec.data.dataset));
}

}  // namespace

absl::StatusOr<DatasetPair> LoadData(const ExperimentSpec& spec, int threads,
                                     std::vector<std::string>* warnings) {
  REPRISE_ASSIGN_OR_RETURN(DatasetPair pair,
                           LoadUntransformed(spec, threads, warnings));
  if (spec.data.dataset == "mnist" &&
      spec.recipe.profile == Profile::kUpstream) {
    for (std::shared_ptr<const Dataset>* split : {&pair.train, &pair.test}) {
      *split = std::make_shared<const Dataset>(ResizedAndCropped(**split));
    }
    absl::StrAppend(&pair.source, ", resized to 32x32 and cropped to 28x28");
  }
  return pair;
}

}  // namespace reprise
