#include "launch/data/rows/mnist_row.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/dataset.h"
#include "data/mnist/idx_writer.h"
#include "data/mnist/mnist.h"
#include "data/mnist/upstream_transform.h"
#include "data/synthetic/mnist_like.h"
#include "launch/data/rows/md5.h"
#include "launch/data/rows/published_check.h"

namespace reprise {
namespace {

std::string IdxHeader(uint8_t dimensions, const std::vector<int64_t>& sizes) {
  std::string header = {0, 0, 8, static_cast<char>(dimensions)};
  for (const int64_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      header.push_back(static_cast<char>(size >> shift));
    }
  }
  return header;
}

// Digests of the four files' uncompressed content, in the order of row.files:
// reading checked that they are header, then this.
std::vector<std::string> MnistDigests(const DatasetPair& pair) {
  std::vector<std::string> digests;
  for (const Dataset* split : {pair.train.get(), pair.test.get()}) {
    digests.push_back(
        Md5OfBytes({IdxHeader(3, {split->size(), 28, 28}),
                    {reinterpret_cast<const char*>(split->rows.data()),
                     split->rows.size()}}));
    const std::string labels(split->labels.begin(), split->labels.end());
    digests.push_back(Md5OfBytes({IdxHeader(1, {split->size()}), labels}));
  }
  return digests;
}

absl::Status InstallMnist(const DatasetRow& row, const std::string& downloads,
                          const std::string& datasets) {
  for (const DatasetRow::File& file : row.files) {
    const std::string from = absl::StrCat(downloads, "/", file.name);
    const std::string to =
        absl::StrCat(datasets, "/", row.folder, "/", file.name);
    if (std::rename(from.c_str(), to.c_str()) != 0) {
      return ErrnoToStorageError("rename", from);
    }
  }
  REPRISE_ASSIGN_OR_RETURN(const DatasetPair pair, ReadMnist(datasets));
  const std::vector<std::string> found = MnistDigests(pair);
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] != row.files[i].md5) {
      return WrongDigest(absl::StrCat(row.files[i].name, ", uncompressed"),
                         row.files[i].md5, found[i]);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> JudgeMnist(const DatasetRow& row,
                                       const DatasetPair& pair) {
  const std::vector<std::string> found = MnistDigests(pair);
  std::vector<std::string> unknown;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i] != row.files[i].md5) {
      unknown.push_back(
          std::string(absl::StripSuffix(row.files[i].name, ".gz")));
    }
  }
  if (unknown.empty()) return "as published: all four md5 digests match";
  REPRISE_RETURN_IF_ERROR(CheckCounts(
      pair, {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
      {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}));
  return absl::StrCat(
      "a re-encoding: the classes' counts are the published ones, the digests "
      "of ",
      absl::StrJoin(unknown, ", "), " are not");
}

void ResizeAndCrop(DatasetPair* pair) {
  for (std::shared_ptr<const Dataset>* split : {&pair->train, &pair->test}) {
    *split = std::make_shared<const Dataset>(ResizedAndCropped(**split));
  }
  absl::StrAppend(&pair->source, ", resized to 32x32 and cropped to 28x28");
}

}  // namespace

DatasetRow MnistRow() {
  DatasetRow row;
  row.name = "mnist";
  row.shape = {1, 28, 28};
  // A sample takes well below a millisecond.
  row.quick = {256, 64, std::nullopt};
  row.entry = "MNIST";
  row.folder = "MNIST/raw";
  row.entries = MnistEntries();
  row.looked_for = "MNIST/, raw/ or train-images-idx3-ubyte[.gz]";
  row.clues = MnistClues();
  row.read = [](const std::string& datasets, const ReadOptions&,
                std::vector<std::string>*) { return ReadMnist(datasets); };
  row.generate = [](uint64_t seed, bool) { return GenerateMnistLike(seed); };
  row.write = [](const std::string& datasets, const DatasetPair& pair) {
    return WriteMnist(datasets, pair, /*compressed=*/false);
  };
  row.transform_as_upstream = ResizeAndCrop;
  // LeCun's own server no longer hands them out; PyTorch's copy.
  row.mirror = "https://ossci-datasets.s3.amazonaws.com/mnist";
  row.files = {{"train-images-idx3-ubyte.gz", 20 << 20,
                "6bbc9ace898e44ae57da46a324031adb"},
               {"train-labels-idx1-ubyte.gz", 1 << 20,
                "a25bea736e30d166cdddb491f175f624"},
               {"t10k-images-idx3-ubyte.gz", 4 << 20,
                "2646ac647ad5339dbf082846283269ea"},
               {"t10k-labels-idx1-ubyte.gz", 1 << 20,
                "27ae3e4e09519cfbb04c329615203637"}};
  row.install = InstallMnist;
  row.judge = JudgeMnist;
  return row;
}

}  // namespace reprise
