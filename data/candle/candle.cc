#include "data/candle/candle.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status.h"
#include "data/candle/max_abs.h"
#include "data/candle/nt3_cache.h"
#include "data/generated_mark.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

constexpr std::array<const char*, 2> kFiles = {"nt_train2.csv", "nt_test2.csv"};

std::shared_ptr<const Dataset> MakeDataset(Nt3Split split,
                                           const std::vector<float>& scale) {
  auto dataset = std::make_shared<Dataset>();
  dataset->format.element = ElementType::kFloat32;
  dataset->format.width = static_cast<int64_t>(scale.size());
  dataset->format.element_scale = scale;
  dataset->num_classes = Nt3CsvOptions().classes;
  dataset->mapped_rows = std::move(split.rows);
  dataset->labels = std::move(split.labels);
  return dataset;
}

}  // namespace

std::vector<std::string> CandleEntries() {
  return {"CANDLE", kFiles[0], kFiles[1]};
}

std::vector<Clue> CandleClues() {
  return {{"nt_train2.csv.gz", "run gunzip on it"},
          {"nt_test2.csv.gz", "run gunzip on it"},
          {"nt_train", "the two files are nt_train2.csv and nt_test2.csv"},
          {"nt_test", "the two files are nt_train2.csv and nt_test2.csv"}};
}

absl::StatusOr<DatasetPair> ReadCandle(const std::string& folder,
                                       const CandleOptions& options,
                                       std::vector<std::string>* warnings) {
  const std::string top = absl::StrCat(folder, "/CANDLE");
  REPRISE_RETURN_IF_ERROR(CheckNotDangling(top));
  std::string source;
  std::array<std::string, 2> paths;
  std::vector<std::string> missing;
  for (const std::string& place : {top, folder}) {
    source = place;
    missing.clear();
    for (size_t i = 0; i < kFiles.size(); ++i) {
      paths[i] = absl::StrCat(source, "/", kFiles[i]);
      REPRISE_ASSIGN_OR_RETURN(const bool exists, IsThere(paths[i]));
      if (!exists) missing.push_back(paths[i]);
    }
    if (missing.size() < kFiles.size()) break;
  }
  if (missing.size() == kFiles.size()) {
    return StatusWithExitCode(
        absl::StatusCode::kNotFound,
        absl::StrCat(folder, ": expected ", kFiles[0], " and ", kFiles[1],
                     " in CANDLE or itself, found ",
                     FoundInstead(folder, CandleClues(),
                                  "put them there or name another folder")),
        ExitCode::kData);
  }
  if (!missing.empty()) {
    return DataError(absl::StrCat(
        missing.front(), ": expected both files of CANDLE NT3 in ", source,
        ", found one; remedy: add this file or remove the other"));
  }

  Nt3CsvOptions csv;
  csv.features = options.features;
  csv.threads = options.threads;
  // One after the other: each is parsed by all threads.
  const Nt3CacheUse use =
      options.verify ? Nt3CacheUse::kVerify : Nt3CacheUse::kTrust;
  REPRISE_ASSIGN_OR_RETURN(Nt3Split train,
                           LoadNt3(paths[0], csv, use, warnings));
  REPRISE_ASSIGN_OR_RETURN(Nt3Split test,
                           LoadNt3(paths[1], csv, use, warnings));
  if (options.scale_on_test_too) {
    std::transform(train.max_abs.begin(), train.max_abs.end(),
                   test.max_abs.begin(), train.max_abs.begin(),
                   [](float a, float b) { return std::max(a, b); });
  }
  const std::vector<float> scale = ScaleOfMaxAbs(train.max_abs);
  DatasetPair pair;
  pair.name = "candle";
  pair.source = source;
  pair.digests = {{kFiles[0], train.digest}, {kFiles[1], test.digest}};
  pair.train = MakeDataset(std::move(train), scale);
  pair.test = MakeDataset(std::move(test), scale);
  REPRISE_RETURN_IF_ERROR(ApplyGeneratedMark(&pair));
  return pair;
}

}  // namespace reprise
