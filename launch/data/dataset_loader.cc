#include "launch/data/dataset_loader.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status.h"
#include "data/near_miss.h"
#include "launch/data/dataset_table.h"

namespace reprise {
namespace {

// OK where the stand-in may be taken: the user named no folder, and nothing in
// the others looks like the data set.
absl::Status CheckNothingIsMeant(const DatasetRow& row,
                                 const DatasetPlace& place,
                                 const ReadsFolder& read) {
  std::vector<std::string> folders = place.looked_at;
  if (!place.named_by.empty()) {
    const absl::Status why = read(folders[0]).status();
    if (!why.ok()) {
      return DataError(absl::StrCat(why.message(), "; without ", place.named_by,
                                    ", and no data in ./datasets and "
                                    "~/datasets, a run takes generated data"));
    }
    folders.erase(folders.begin());  // put there meanwhile
  }
  return FindUnreadable(row, place, folders, read);
}

absl::StatusOr<DatasetPair> ReadOrGenerate(const DatasetRow& row,
                                           const DatasetRequest& request,
                                           const ReadsFolder& read) {
  REPRISE_ASSIGN_OR_RETURN(const DatasetPlace place,
                           FindDatasets(request.dataset_dir, row.entries));
  if (!place.folder.empty()) return read(place.folder);
  REPRISE_RETURN_IF_ERROR(CheckNothingIsMeant(row, place, read));
  DatasetPair pair = row.generate(request.seed, request.quick);
  pair.source = absl::StrCat("generated (no ", row.looked_for, " in ",
                             absl::StrJoin(place.looked_at, ", "), ")");
  return pair;
}

}  // namespace

absl::StatusOr<DatasetPair> LoadDataset(const DatasetRequest& request,
                                        int threads,
                                        std::vector<std::string>* warnings) {
  const DatasetRow* row = FindDatasetRow(request.name);
  if (row == nullptr) {
    return absl::InternalError(absl::StrCat("no reader for ", request.name));
  }
  ReadOptions options;
  options.threads = threads;
  options.as_upstream = request.as_upstream;
  REPRISE_ASSIGN_OR_RETURN(
      DatasetPair pair,
      ReadOrGenerate(*row, request, [&](const std::string& folder) {
        return row->read(folder, options, warnings);
      }));
  if (request.as_upstream && row->transform_as_upstream != nullptr) {
    row->transform_as_upstream(&pair);
  }
  return pair;
}

absl::Status FindUnreadable(const DatasetRow& row, const DatasetPlace& place,
                            const std::vector<std::string>& folders,
                            const ReadsFolder& read) {
  for (const std::string& folder : folders) {
    const bool is_named =
        !place.named_by.empty() && folder == place.looked_at[0];
    if (!FindNearMiss(folder, row.clues, is_named ? 3 : 1).has_value()) {
      continue;
    }
    const absl::Status why = read(folder).status();
    if (why.ok()) continue;  // put there meanwhile
    return DataError(why.message());
  }
  return absl::OkStatus();
}

}  // namespace reprise
