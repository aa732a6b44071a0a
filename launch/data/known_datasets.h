// What `reprise data` knows of each data set: a row each. A new data set is a
// new row.
#ifndef REPRISE_LAUNCH_DATA_KNOWN_DATASETS_H_
#define REPRISE_LAUNCH_DATA_KNOWN_DATASETS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "data/dataset.h"
#include "data/near_miss.h"

namespace reprise {

struct KnownDataset {
  std::string name;  // as in --dataset
  // Where it lies below the folder of data sets: what tells that it is there,
  // and where fetch and synthesize put it, in one step.
  std::string entry;   // "MNIST"
  std::string folder;  // "MNIST/raw"

  // What tells that it lies there in a form that `read` does not take.
  std::vector<Clue> clues;

  // Reads the data set from a folder of data sets. absl::IsNotFound if there
  // is none.
  absl::StatusOr<DatasetPair> (*read)(const std::string& datasets);
  // The stand-in, and its writing to <datasets>/<folder>, which exists.
  DatasetPair (*generate)(uint64_t seed);
  absl::Status (*write)(const std::string& datasets, const DatasetPair& pair);

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
  absl::Status (*install)(const KnownDataset& row, const std::string& downloads,
                          const std::string& datasets);

  // One line on how far what was read is the published data set. DataError if
  // it is not.
  absl::StatusOr<std::string> (*judge)(const KnownDataset& row,
                                       const DatasetPair& pair);
};

// mnist, cifar10 and candle.
std::vector<KnownDataset> KnownDatasets();

}  // namespace reprise

#endif  // REPRISE_LAUNCH_DATA_KNOWN_DATASETS_H_
