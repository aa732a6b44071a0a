#include "data/mnist/mnist.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status.h"
#include "data/generated_mark.h"
#include "data/mnist/idx.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

constexpr int64_t kSide = 28;
constexpr int64_t kClasses = 10;
constexpr std::array<const char*, 4> kFiles = {
    "train-images-idx3-ubyte", "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

// A file as MNIST's authors call it and as 7-Zip, macOS and gzip -N unpack it,
// each whole and packed, in the order of preference.
std::vector<std::string> SpellingsOf(const std::string& file) {
  const std::string dotted = absl::StrReplaceAll(file, {{"-idx", ".idx"}});
  return {file, file + ".gz", dotted, dotted + ".gz"};
}

// The paths of kFiles in `folder`; nullopt if it has none of them.
absl::StatusOr<std::optional<std::array<std::string, 4>>> FindFiles(
    const std::string& folder) {
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(folder));
  std::array<std::string, 4> paths;
  std::vector<std::string> missing;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    for (const std::string& name : SpellingsOf(kFiles[i])) {
      const std::string path = absl::StrCat(folder, "/", name);
      REPRISE_ASSIGN_OR_RETURN(const bool there, IsThere(path));
      if (there && paths[i].empty()) paths[i] = path;
    }
    if (paths[i].empty()) {
      missing.push_back(absl::StrCat(folder, "/", kFiles[i]));
    }
  }
  if (missing.size() == kFiles.size()) return std::nullopt;
  if (!missing.empty()) {
    return DataError(absl::StrCat(
        missing.front(), "[.gz]: expected all four files of MNIST in ", folder,
        ", found ", kFiles.size() - missing.size(),
        "; remedy: add this file or remove the others"));
  }
  return paths;
}

// ReadIdx; of a damaged file that has its packed form beside it, also that.
absl::StatusOr<IdxArray> ReadArray(const std::string& path, int dimensions) {
  absl::StatusOr<IdxArray> array = ReadIdx(path, dimensions);
  if (ExitCodeOf(array.status()) != ExitCode::kData ||
      absl::EndsWith(path, ".gz")) {
    return array;
  }
  REPRISE_ASSIGN_OR_RETURN(const bool has_packed, IsThere(path + ".gz"));
  if (!has_packed) return array;
  return DataError(absl::StrCat(array.status().message(),
                                ", or remove it, so that ", BaseName(path),
                                ".gz beside it is read"));
}

struct Split {
  std::shared_ptr<const Dataset> dataset;
  std::string images_digest, labels_digest;
};

absl::StatusOr<Split> ReadSplit(const std::string& images_path,
                                const std::string& labels_path) {
  REPRISE_ASSIGN_OR_RETURN(const IdxArray labels, ReadArray(labels_path, 1));
  REPRISE_ASSIGN_OR_RETURN(IdxArray images, ReadArray(images_path, 3));
  if (images.sizes[1] != kSide || images.sizes[2] != kSide) {
    return DataError(absl::StrCat(
        images_path, ": offset 8: expected images of 28 x 28, found ",
        images.sizes[1], " x ", images.sizes[2],
        "; remedy: replace it with MNIST's file"));
  }
  if (images.sizes[0] != labels.sizes[0]) {
    return DataError(absl::StrCat(
        images_path, ": offset 4: expected as many images as ", labels_path,
        " has labels, ", labels.sizes[0], ", found ", images.sizes[0],
        "; remedy: use images and labels of the same split"));
  }
  auto dataset = std::make_shared<Dataset>();
  dataset->format = MnistRowFormat();
  dataset->num_classes = kClasses;
  dataset->rows = std::move(images.bytes);
  dataset->labels.reserve(labels.bytes.size());
  for (size_t i = 0; i < labels.bytes.size(); ++i) {
    const int label = std::to_integer<int>(labels.bytes[i]);
    if (label >= kClasses) {
      return DataError(
          absl::StrCat(labels_path, ": offset ", 8 + i,
                       ": expected a label of 0 to 9, found ", label,
                       "; remedy: replace it with an intact copy"));
    }
    dataset->labels.push_back(label);
  }
  return Split{std::move(dataset), images.digest, labels.digest};
}

}  // namespace

RowFormat MnistRowFormat() {
  RowFormat format;
  format.element = ElementType::kUint8;
  format.channels = 1;
  format.height = kSide;
  format.width = kSide;
  format.scale = 255.0;
  format.mean = {0.5};
  format.stddev = {0.5};
  return format;
}

std::vector<std::string> MnistEntries() {
  std::vector<std::string> entries = {"MNIST"};
  for (const char* parent : {"raw/", ""}) {
    for (const char* file : kFiles) {
      for (const std::string& name : SpellingsOf(file)) {
        entries.push_back(parent + name);
      }
    }
  }
  return entries;
}

std::vector<Clue> MnistClues() {
  static constexpr char kNames[] =
      "name the folder that holds them, and in it give the four files the "
      "names train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], "
      "t10k-images-idx3-ubyte[.gz] and t10k-labels-idx1-ubyte[.gz]";
  static constexpr char kOtherForm[] =
      "only MNIST's four IDX files are read: unpack or replace it, or run "
      "'reprise data fetch mnist'";
  return {{"train-images", kNames}, {"train_images", kNames},
          {"t10k-images", kNames},  {"mnist.", kOtherForm},
          {"mnist_", kOtherForm},   {"mnist-", kOtherForm}};
}

absl::StatusOr<DatasetPair> ReadMnist(const std::string& folder) {
  const std::string top = absl::StrCat(folder, "/MNIST");
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(top));
  std::string source;
  std::optional<std::array<std::string, 4>> paths;
  for (const std::string& place :
       {top + "/raw", top, folder + "/raw", folder}) {
    REPRISE_ASSIGN_OR_RETURN(paths, FindFiles(place));
    source = place;
    if (paths.has_value()) break;
  }
  if (!paths.has_value()) {
    return StatusWithExitCode(
        absl::StatusCode::kNotFound,
        absl::StrCat(
            folder, ": expected ", kFiles[0],
            "[.gz] and the other files of MNIST in MNIST/raw, MNIST, raw or "
            "itself, found ",
            FoundInstead(folder, MnistClues(),
                         "put them there, run 'reprise data fetch mnist', or "
                         "name another folder")),
        ExitCode::kData);
  }

  absl::StatusOr<Split> test;
  std::thread test_reader([&] { test = ReadSplit((*paths)[2], (*paths)[3]); });
  absl::StatusOr<Split> train = ReadSplit((*paths)[0], (*paths)[1]);
  test_reader.join();
  REPRISE_RETURN_IF_ERROR(train.status());
  REPRISE_RETURN_IF_ERROR(test.status());

  DatasetPair pair;
  pair.name = "mnist";
  pair.source = source;
  pair.digests = {{BaseName((*paths)[0]), train->images_digest},
                  {BaseName((*paths)[1]), train->labels_digest},
                  {BaseName((*paths)[2]), test->images_digest},
                  {BaseName((*paths)[3]), test->labels_digest}};
  pair.train = train->dataset;
  pair.test = test->dataset;
  REPRISE_RETURN_IF_ERROR(ApplyGeneratedMark(&pair));
  return pair;
}

}  // namespace reprise
