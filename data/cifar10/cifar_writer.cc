#include "data/cifar10/cifar_writer.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "data/cifar10/cifar_batch.h"
#include "data/stored_file.h"

namespace reprise {
namespace {

absl::Status WriteBatch(const std::string& path, const Dataset& split,
                        int64_t first, int64_t end) {
  std::string content;
  content.reserve((end - first) * (1 + kCifarRowBytes));
  for (int64_t i = first; i < end; ++i) {
    const Sample sample = split.At(i);
    REPRISE_CHECK(sample.label >= 0 && sample.label < kCifarClasses)
        << "label " << sample.label;
    content.push_back(static_cast<char>(sample.label));
    content.append(reinterpret_cast<const char*>(sample.row), kCifarRowBytes);
  }
  return ReplaceFile(path, {content});
}

}  // namespace

absl::Status WriteCifar10(const std::string& folder, const DatasetPair& pair) {
  constexpr int64_t kTrainFiles = 5;
  for (const Dataset* split : {pair.train.get(), pair.test.get()}) {
    REPRISE_CHECK(split->format.element == DType::kUint8 &&
                  split->format.row_bytes() == kCifarRowBytes)
        << "no rows of CIFAR-10";
  }
  REPRISE_CHECK(pair.train->size() >= kTrainFiles && pair.test->size() > 0)
      << "a file would be empty";
  const std::string place =
      absl::StrCat(folder, "/CIFAR10/cifar-10-batches-bin");
  REPRISE_RETURN_IF_ERROR(MakeFolders(place));
  const int64_t records = pair.train->size();
  for (int64_t i = 0; i < kTrainFiles; ++i) {
    REPRISE_RETURN_IF_ERROR(WriteBatch(
        absl::StrCat(place, "/data_batch_", i + 1, ".bin"), *pair.train,
        records * i / kTrainFiles, records * (i + 1) / kTrainFiles));
  }
  return WriteBatch(absl::StrCat(place, "/test_batch.bin"), *pair.test, 0,
                    pair.test->size());
}

}  // namespace reprise
