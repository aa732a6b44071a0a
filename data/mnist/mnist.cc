#include "data/mnist/mnist.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
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

// The paths of kFiles in `folder`; nullopt if it has none of them.
absl::StatusOr<std::optional<std::array<std::string, 4>>> FindFiles(
    const std::string& folder) {
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(folder));
  std::array<std::string, 4> paths;
  std::vector<std::string> missing;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    const std::string plain = absl::StrCat(folder, "/", kFiles[i]);
    REPRISE_ASSIGN_OR_RETURN(const bool has_plain, IsThere(plain));
    REPRISE_ASSIGN_OR_RETURN(const bool has_gzip, IsThere(plain + ".gz"));
    if (has_plain || has_gzip) {
      paths[i] = has_plain ? plain : plain + ".gz";
    } else {
      missing.push_back(plain);
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

struct Split {
  std::shared_ptr<const Dataset> dataset;
  std::string images_digest, labels_digest;
};

absl::StatusOr<Split> ReadSplit(const std::string& images_path,
                                const std::string& labels_path) {
  REPRISE_ASSIGN_OR_RETURN(const IdxArray labels, ReadIdx(labels_path, 1));
  REPRISE_ASSIGN_OR_RETURN(IdxArray images, ReadIdx(images_path, 3));
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
      entries.push_back(absl::StrCat(parent, file));
      entries.push_back(absl::StrCat(parent, file, ".gz"));
    }
  }
  return entries;
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
            "itself, found none of them; remedy: put them there or name "
            "another folder"),
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
  REPRISE_RETURN_IF_ERROR(HeedGeneratedMark(&pair));
  return pair;
}

}  // namespace reprise
