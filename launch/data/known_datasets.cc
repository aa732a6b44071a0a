#include "launch/data/known_datasets.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/candle/candle.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/cifar10/cifar10.h"
#include "data/cifar10/cifar_archive.h"
#include "data/cifar10/cifar_writer.h"
#include "data/mnist/idx_writer.h"
#include "data/mnist/mnist.h"
#include "data/stored_file.h"
#include "data/synthetic/candle_like.h"
#include "data/synthetic/cifar10_like.h"
#include "data/synthetic/mnist_like.h"
#include "launch/data/md5.h"

namespace reprise {
namespace {

absl::Status WrongDigest(absl::string_view file, absl::string_view expected,
                         absl::string_view found) {
  return DataError(absl::StrCat(
      file, ": expected the published md5 ", expected, ", found ", found,
      "; remedy: name another server with --mirror; nothing was kept"));
}

std::vector<int64_t> ClassCounts(const Dataset& split) {
  std::vector<int64_t> counts(split.num_classes);
  for (const int32_t label : split.labels) ++counts[label];
  return counts;
}

// DataError unless both splits have the published number of samples of each
// class.
absl::Status CheckCounts(const DatasetPair& pair,
                         const std::vector<int64_t>& train,
                         const std::vector<int64_t>& test) {
  for (const auto& [name, split, expected] :
       {std::make_tuple("training", pair.train.get(), &train),
        std::make_tuple("test", pair.test.get(), &test)}) {
    const std::vector<int64_t> found = ClassCounts(*split);
    if (found == *expected) continue;
    return DataError(
        absl::StrCat(pair.source, ": expected ", absl::StrJoin(*expected, ", "),
                     " ", name, " samples of the classes, as published, found ",
                     absl::StrJoin(found, ", "),
                     "; remedy: replace it with the published data set"));
  }
  return absl::OkStatus();
}

// MNIST.

std::string IdxHeader(uint8_t dimensions, const std::vector<int64_t>& sizes) {
  std::string header = {0, 0, 8, static_cast<char>(dimensions)};
  for (const int64_t size : sizes) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      header.push_back(static_cast<char>(size >> shift));
    }
  }
  return header;
}

// Of the four files' uncompressed content, in the order of the row's files:
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

absl::Status InstallMnist(const KnownDataset& row, const std::string& downloads,
                          const std::string& datasets) {
  for (const KnownDataset::File& file : row.files) {
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

absl::StatusOr<std::string> JudgeMnist(const KnownDataset& row,
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

// CIFAR-10.

// What fetch leaves beside the binary batches, whose own digests nobody
// publishes: their md5 when they came out of the archive, as md5sum -c takes
// them.
constexpr absl::string_view kSums = "md5sums.txt";

absl::Status InstallCifar10(const KnownDataset& row,
                            const std::string& downloads,
                            const std::string& datasets) {
  const std::string archive = absl::StrCat(downloads, "/", row.files[0].name);
  REPRISE_ASSIGN_OR_RETURN(const std::string found, Md5OfFile(archive));
  if (found != row.files[0].md5) {
    return WrongDigest(row.files[0].name, row.files[0].md5, found);
  }
  const std::string folder = absl::StrCat(datasets, "/", row.folder);
  REPRISE_RETURN_IF_ERROR(ExtractCifarArchive(archive, folder));
  REPRISE_ASSIGN_OR_RETURN(const DatasetPair pair, ReadCifar10(datasets));
  std::string sums;
  for (const auto& [file, digest] : pair.digests) {
    REPRISE_ASSIGN_OR_RETURN(const std::string md5,
                             Md5OfFile(absl::StrCat(folder, "/", file)));
    absl::StrAppend(&sums, md5, "  ", file, "\n");
  }
  return ReplaceFile(absl::StrCat(folder, "/", kSums), {sums});
}

// File name -> md5, from kSums in `folder`; empty where there is none.
absl::StatusOr<std::map<std::string, std::string>> ReadSums(
    const std::string& folder) {
  std::map<std::string, std::string> sums;
  const std::string path = absl::StrCat(folder, "/", kSums);
  REPRISE_ASSIGN_OR_RETURN(const bool there, IsThere(path));
  if (!there) return sums;
  REPRISE_ASSIGN_OR_RETURN(const StoredContent content, ReadStoredFile(path));
  for (const absl::string_view line :
       absl::StrSplit(content.bytes, '\n', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits("  ", 1));
    sums[parts.second] = parts.first;
  }
  return sums;
}

absl::StatusOr<std::string> JudgeCifar10(const KnownDataset&,
                                         const DatasetPair& pair) {
  // The Python layout's, as torchvision checks them.
  static const auto& published = *new std::map<std::string, std::string>{
      {"data_batch_1", "c99cafc152244af753f735de768cd75f"},
      {"data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"},
      {"data_batch_3", "54ebc095f3ab1f0389bbae665268c751"},
      {"data_batch_4", "634d18415352ddfa80567beed471001a"},
      {"data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"},
      {"test_batch", "40351d587109b95175f43aff81a1287e"}};
  REPRISE_ASSIGN_OR_RETURN(const auto fetched, ReadSums(pair.source));
  size_t as_published = 0, as_fetched = 0;
  for (const auto& [file, digest] : pair.digests) {
    const std::string path = absl::StrCat(pair.source, "/", file);
    REPRISE_ASSIGN_OR_RETURN(const std::string md5, Md5OfFile(path));
    const auto in_published = published.find(file);
    as_published +=
        in_published != published.end() && in_published->second == md5;
    const auto in_fetched = fetched.find(file);
    if (in_fetched == fetched.end()) continue;
    if (in_fetched->second != md5) {
      return DataError(absl::StrCat(
          path, ": expected the md5 that it had when it was fetched, ",
          in_fetched->second, " (", kSums, "), found ", md5,
          "; remedy: remove ", pair.source,
          " and run 'reprise data fetch cifar10'"));
    }
    ++as_fetched;
  }
  if (as_published == pair.digests.size()) {
    return "as published: all six md5 digests match";
  }
  if (as_fetched == pair.digests.size()) {
    return "as published: all six files are as they came out of the archive, "
           "whose md5 digest matched";
  }
  REPRISE_RETURN_IF_ERROR(CheckCounts(pair, std::vector<int64_t>(10, 5000),
                                      std::vector<int64_t>(10, 1000)));
  const bool binary = absl::EndsWith(pair.digests.begin()->first, ".bin");
  return absl::StrCat(
      "a re-encoding: the classes' counts are the published ones, the digests "
      "are unknown",
      binary ? " (or the published binary version, unpacked by hand: only its "
               "archive has a published digest)"
             : "");
}

// CANDLE NT3.

absl::StatusOr<std::string> JudgeCandle(const KnownDataset&,
                                        const DatasetPair& pair) {
  for (const auto& [name, split, expected] :
       {std::make_tuple("training", pair.train.get(), int64_t{1120}),
        std::make_tuple("test", pair.test.get(), int64_t{280})}) {
    if (split->size() == expected) continue;
    return DataError(
        absl::StrCat(pair.source, ": expected ", expected, " ", name,
                     " rows, as published, found ", split->size(),
                     "; remedy: replace it with the published data set"));
  }
  return "1,120 and 280 rows, as published; caches in order; nobody publishes "
         "digests of NT3";
}

}  // namespace

std::vector<KnownDataset> KnownDatasets() {
  KnownDataset mnist;
  mnist.name = "mnist";
  mnist.entry = "MNIST";
  mnist.folder = "MNIST/raw";
  mnist.clues = MnistClues();
  mnist.read = ReadMnist;
  mnist.generate = [](uint64_t seed) { return GenerateMnistLike(seed); };
  mnist.write = [](const std::string& datasets, const DatasetPair& pair) {
    return WriteMnist(datasets, pair, /*compressed=*/false);
  };
  // LeCun's own server no longer hands them out; PyTorch's copy.
  mnist.mirror = "https://ossci-datasets.s3.amazonaws.com/mnist";
  mnist.files = {{"train-images-idx3-ubyte.gz", 20 << 20,
                  "6bbc9ace898e44ae57da46a324031adb"},
                 {"train-labels-idx1-ubyte.gz", 1 << 20,
                  "a25bea736e30d166cdddb491f175f624"},
                 {"t10k-images-idx3-ubyte.gz", 4 << 20,
                  "2646ac647ad5339dbf082846283269ea"},
                 {"t10k-labels-idx1-ubyte.gz", 1 << 20,
                  "27ae3e4e09519cfbb04c329615203637"}};
  mnist.install = InstallMnist;
  mnist.judge = JudgeMnist;

  KnownDataset cifar10;
  cifar10.name = "cifar10";
  cifar10.entry = "CIFAR10";
  cifar10.folder = "CIFAR10/cifar-10-batches-bin";
  cifar10.clues = Cifar10Clues();
  cifar10.read = ReadCifar10;
  cifar10.generate = [](uint64_t seed) { return GenerateCifar10Like(seed); };
  cifar10.write = WriteCifar10;
  cifar10.mirror = "https://www.cs.toronto.edu/~kriz";
  cifar10.files = {{"cifar-10-binary.tar.gz", 200 << 20,
                    "c32a1d4ab5d03f1284b67883e8d87530"}};
  cifar10.install = InstallCifar10;
  cifar10.judge = JudgeCifar10;

  KnownDataset candle;
  candle.name = "candle";
  candle.entry = "CANDLE";
  candle.folder = "CANDLE";
  candle.clues = CandleClues();
  candle.read = [](const std::string& datasets) -> absl::StatusOr<DatasetPair> {
    std::vector<std::string> warnings;  // of caches, which are made anew
    CandleOptions options;
    options.verify = true;
    return ReadCandle(datasets, options, &warnings);
  };
  candle.generate = [](uint64_t seed) { return GenerateCandleLike(seed); };
  candle.write = WriteCandle;
  candle.by_hand =
      "nobody publishes digests of NT3, so nothing could check a download: get "
      "nt_train2.csv and nt_test2.csv from "
      "http://ftp.mcs.anl.gov/pub/candle/public/benchmarks/Pilot1/normal-tumor "
      "into CANDLE/, then run 'reprise data verify candle'";
  candle.judge = JudgeCandle;
  return {mnist, cifar10, candle};
}

}  // namespace reprise
