// What the program knows of a data set, all of it in one row: how a run reads
// it, and what `reprise data` does with it. Free of LibTorch.
#ifndef REPRISE_LAUNCH_DATA_ROWS_DATASET_ROW_H_
#define REPRISE_LAUNCH_DATA_ROWS_DATASET_ROW_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/near_miss.h"
#include "models/input_shape.h"

namespace reprise {

// What --quick makes of a data set: a run of a few seconds.
struct QuickSizes {
  int64_t train_samples_per_task = 0, test_samples_per_task = 0;
  // In a step of one rank; nullopt: as many as without --quick.
  std::optional<int64_t> most_representatives;
};

struct ReadOptions {
  int threads = 1;  // that parse text
  // Scaled as the research code did, which took the test data, too.
  bool as_upstream = false;
  // Whether what was cached is held against the files.
  bool verify = false;
};

struct DatasetRow {
  std::string name;         // of --dataset
  InputShape shape;         // of a sample
  bool augmentable = true;  // images, that can be cropped and flipped
  QuickSizes quick;

  // Where it lies below the folder of data sets: what tells that it is there,
  // and where fetch and synthesize put it, in one step.
  std::string entry;   // "MNIST"
  std::string folder;  // "MNIST/raw"
  // What tells that a folder holds it, also without its own folder
  // (FindDatasets), and the same for the user.
  std::vector<std::string> entries;
  std::string looked_for;
  // What tells that it lies there in a form that `read` does not take.
  std::vector<Clue> clues;

  // Reads the data set from a folder of data sets. absl::IsNotFound if there
  // is none; DataError. `warnings`: lines for the user are appended.
  absl::StatusOr<DatasetPair> (*read)(
      const std::string& datasets, const ReadOptions& options,
      std::vector<std::string>* warnings) = nullptr;
  // The stand-in, `quick` with no more rows than that needs; and its writing to
  // <datasets>/<folder>, which exists.
  DatasetPair (*generate)(uint64_t seed, bool quick) = nullptr;
  absl::Status (*write)(const std::string& datasets,
                        const DatasetPair& pair) = nullptr;
  // What the research code did to the samples, and the source's name then;
  // nullptr: nothing.
  void (*transform_as_upstream)(DatasetPair* pair) = nullptr;

  // What is downloaded: <mirror>/<file>, each of at most `most_bytes`.
  struct File {
    std::string name;
    int64_t most_bytes;
    std::string md5;  // of the file, or, where that is published, of what
                      // it holds uncompressed
  };
  // Where it cannot be downloaded with a check, what to do instead; else empty.
  std::string by_hand;
  std::string mirror;  // without a slash at its end
  std::vector<File> files;
  // Makes <datasets>/<folder>, which exists, of the downloaded files, which lie
  // in `downloads`. Checks each against files[i].md5: DataError if one differs.
  absl::Status (*install)(const DatasetRow& row, const std::string& downloads,
                          const std::string& datasets) = nullptr;

  // One line on how far what was read is the published data set. DataError if
  // it is not.
  absl::StatusOr<std::string> (*judge)(const DatasetRow& row,
                                       const DatasetPair& pair) = nullptr;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_ROWS_DATASET_ROW_H_
