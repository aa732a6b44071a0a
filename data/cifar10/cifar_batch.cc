#include "data/cifar10/cifar_batch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status.h"

namespace reprise {

absl::StatusOr<CifarBatch> ParseCifarBinary(std::string content,
                                            const std::string& path) {
  constexpr size_t kRecord = 1 + kCifarRowBytes;
  if (content.empty() || content.size() % kRecord != 0) {
    return DataError(absl::StrCat(
        path, ": offset ", content.size() / kRecord * kRecord,
        ": expected one or more records of ", kRecord, " bytes, found ",
        content.empty() ? "an empty file"
                        : absl::StrCat(content.size() % kRecord,
                                       " bytes before the end of the file"),
        "; remedy: replace it with an intact copy"));
  }
  CifarBatch batch;
  batch.first = 1;
  batch.stride = kRecord;
  batch.labels.reserve(content.size() / kRecord);
  for (size_t at = 0; at < content.size(); at += kRecord) {
    const uint8_t label = static_cast<uint8_t>(content[at]);
    if (label >= kCifarClasses) {
      return DataError(absl::StrCat(
          path, ": offset ", at, ": expected a label of 0 to 9, found ", label,
          "; remedy: replace it with an intact copy of CIFAR-10's binary "
          "version"));
    }
    batch.labels.push_back(label);
  }
  batch.content = std::move(content);
  return batch;
}

}  // namespace reprise
