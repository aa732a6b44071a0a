#include "launch/data/rows/cifar10_row.h"

#include <cstdint>
#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "data/cifar10/cifar10.h"
#include "data/cifar10/cifar_archive.h"
#include "data/cifar10/cifar_writer.h"
#include "data/dataset.h"
#include "data/stored_file.h"
#include "data/synthetic/cifar10_like.h"
#include "launch/data/rows/md5.h"
#include "launch/data/rows/published_check.h"

namespace reprise {
namespace {

// What fetch leaves beside the binary batches, whose own digests nobody
// publishes: their md5 when they came out of the archive, as md5sum -c takes
// them.
constexpr absl::string_view kSums = "md5sums.txt";

absl::Status InstallCifar10(const DatasetRow& row, const std::string& downloads,
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

absl::StatusOr<std::string> JudgeCifar10(const DatasetRow&,
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

}  // namespace

DatasetRow Cifar10Row() {
  DatasetRow row;
  row.name = "cifar10";
  row.shape = {3, 32, 32};
  row.quick = {24, 16, 8};
  row.entry = "CIFAR10";
  row.folder = "CIFAR10/cifar-10-batches-bin";
  row.entries = Cifar10Entries();
  row.looked_for =
      "CIFAR10/, cifar-10-batches-bin/, cifar-10-batches-py/ or "
      "data_batch_1[.bin]";
  row.clues = Cifar10Clues();
  row.read = [](const std::string& datasets, const ReadOptions&,
                std::vector<std::string>*) { return ReadCifar10(datasets); };
  row.generate = [](uint64_t seed, bool) { return GenerateCifar10Like(seed); };
  row.write = WriteCifar10;
  row.mirror = "https://www.cs.toronto.edu/~kriz";
  row.files = {{"cifar-10-binary.tar.gz", 200 << 20,
                "c32a1d4ab5d03f1284b67883e8d87530"}};
  row.install = InstallCifar10;
  row.judge = JudgeCifar10;
  return row;
}

}  // namespace reprise
