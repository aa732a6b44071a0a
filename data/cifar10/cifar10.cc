#include "data/cifar10/cifar10.h"

#include <array>
#include <atomic>
#include <cstring>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "data/cifar10/cifar_batch.h"
#include "data/cifar10/cifar_pickle.h"
#include "data/generated_mark.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

constexpr size_t kTrainFiles = 5;
constexpr std::array<const char*, kTrainFiles + 1> kFiles = {
    "data_batch_1", "data_batch_2", "data_batch_3",
    "data_batch_4", "data_batch_5", "test_batch"};

struct Layout {
  const char* folder;
  const char* suffix;
  absl::StatusOr<CifarBatch> (*parse)(std::string content,
                                      const std::string& path);
};

constexpr Layout kLayouts[] = {
    {"cifar-10-batches-bin", ".bin", ParseCifarBinary},
    {"cifar-10-batches-py", "", ParseCifarPickle},
};

using Paths = std::array<std::string, kFiles.size()>;

// The paths of kFiles in `folder`; nullopt if it has none of them.
absl::StatusOr<std::optional<Paths>> FindFiles(const std::string& folder,
                                               const char* suffix) {
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(folder));
  Paths paths;
  std::vector<std::string> missing;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    paths[i] = absl::StrCat(folder, "/", kFiles[i], suffix);
    REPRISE_ASSIGN_OR_RETURN(const bool there, IsThere(paths[i]));
    if (!there) missing.push_back(paths[i]);
  }
  if (missing.size() == kFiles.size()) return std::nullopt;
  if (!missing.empty()) {
    return DataError(absl::StrCat(
        missing.front(), ": expected all six files of CIFAR-10 in ", folder,
        ", found ", kFiles.size() - missing.size(),
        "; remedy: add this file or remove the others"));
  }
  return paths;
}

struct Place {
  std::string folder;
  const Layout* layout;
  Paths paths;
};

absl::StatusOr<Place> FindPlace(const std::string& folder) {
  const std::string top = absl::StrCat(folder, "/CIFAR10");
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(top));
  std::vector<std::pair<std::string, const Layout*>> places;
  for (const std::string& parent : {top, folder}) {
    for (const Layout& layout : kLayouts) {
      places.emplace_back(absl::StrCat(parent, "/", layout.folder), &layout);
    }
  }
  for (const Layout& layout : kLayouts) places.emplace_back(folder, &layout);
  for (const auto& [place, layout] : places) {
    REPRISE_ASSIGN_OR_RETURN(const auto paths,
                             FindFiles(place, layout->suffix));
    if (paths.has_value()) return Place{place, layout, *paths};
  }
  return StatusWithExitCode(
      absl::StatusCode::kNotFound,
      absl::StrCat(
          folder,
          ": expected cifar-10-batches-bin or cifar-10-batches-py in "
          "CIFAR10 or beside it, with CIFAR-10's files, or these files "
          "themselves, found ",
          FoundInstead(folder, Cifar10Clues(),
                       "put them there, run 'reprise data fetch cifar10', or "
                       "name another folder")),
      ExitCode::kData);
}

struct File {
  absl::StatusOr<CifarBatch> batch;
  std::string digest;
};

void Read(const Place& place, size_t i, File* file) {
  absl::StatusOr<StoredContent> content = ReadStoredFile(place.paths[i]);
  if (!content.ok()) {
    file->batch = content.status();
    return;
  }
  file->digest = content->digest;
  file->batch = place.layout->parse(std::move(content->bytes), place.paths[i]);
}

// Files first to end as one split. Lets go of each once it is copied.
std::shared_ptr<const Dataset> Join(File* first, File* end) {
  auto dataset = std::make_shared<Dataset>();
  dataset->format = Cifar10RowFormat();
  dataset->num_classes = kCifarClasses;
  size_t records = 0;
  for (const File* file = first; file != end; ++file) {
    records += file->batch->labels.size();
  }
  dataset->labels.reserve(records);
  dataset->rows.reserve(records * kCifarRowBytes);
  for (File* file = first; file != end; ++file) {
    const CifarBatch batch = *std::move(file->batch);
    const std::byte* row =
        reinterpret_cast<const std::byte*>(batch.content.data()) + batch.first;
    for (const uint8_t label : batch.labels) {
      dataset->labels.push_back(label);
      dataset->rows.insert(dataset->rows.end(), row, row + kCifarRowBytes);
      row += batch.stride;
    }
  }
  return dataset;
}

}  // namespace

RowFormat Cifar10RowFormat() {
  RowFormat format;
  format.element = ElementType::kUint8;
  format.channels = 3;
  format.height = 32;
  format.width = 32;
  format.scale = 255.0;
  format.mean = {0.485, 0.456, 0.406};
  format.stddev = {0.229, 0.224, 0.225};
  return format;
}

std::vector<std::string> Cifar10Entries() {
  std::vector<std::string> entries = {"CIFAR10"};
  for (const Layout& layout : kLayouts) entries.push_back(layout.folder);
  for (const Layout& layout : kLayouts) {
    for (const char* file : kFiles) {
      entries.push_back(absl::StrCat(file, layout.suffix));
    }
  }
  return entries;
}

std::vector<Clue> Cifar10Clues() {
  static constexpr char kOtherForm[] =
      "only the binary and the Python version of CIFAR-10 are read: unpack or "
      "replace it, or run 'reprise data fetch cifar10'";
  return {
      {"cifar-10-python.tar", "unpack it there: tar -xf FILE"},
      {"cifar-10-binary.tar", "unpack it there: tar -xf FILE"},
      {"data_batch",
       "put the six files data_batch_1 to data_batch_5 and test_batch into one "
       "folder, named so (Python version) or with .bin (binary version)"},
      {"cifar-100", "that is CIFAR-100; run 'reprise data fetch cifar10'"},
      {"cifar-10-matlab", kOtherForm},
      {"cifar-10.", kOtherForm},
      {"cifar10.", kOtherForm}};
}

absl::StatusOr<DatasetPair> ReadCifar10(const std::string& folder) {
  REPRISE_ASSIGN_OR_RETURN(const Place place, FindPlace(folder));

  std::array<File, kFiles.size()> files;
  std::atomic<size_t> next{0};
  const auto read = [&] {
    for (size_t i; (i = next++) < files.size();) Read(place, i, &files[i]);
  };
  std::thread reader(read);
  read();
  reader.join();

  DatasetPair pair;
  pair.name = "cifar10";
  pair.source = place.folder;
  for (size_t i = 0; i < files.size(); ++i) {
    REPRISE_RETURN_IF_ERROR(files[i].batch.status());
    pair.digests[BaseName(place.paths[i])] = files[i].digest;
  }
  pair.train = Join(files.data(), files.data() + kTrainFiles);
  pair.test = Join(files.data() + kTrainFiles, files.data() + files.size());
  REPRISE_RETURN_IF_ERROR(ApplyGeneratedMark(&pair));
  return pair;
}

}  // namespace reprise
