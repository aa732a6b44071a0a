// `reprise data` where other digests than the published ones are right:
//   data_command_test_program "FILE=MD5 FILE=MD5 ..." ARGUMENT...
#include <cstdio>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "launch/data/data_command.h"
#include "launch/data/dataset_table.h"
#include "launch/data/rows/dataset_row.h"

int main(int argc, char** argv) {
  std::vector<reprise::DatasetRow> datasets = reprise::DatasetTable();
  for (const absl::string_view piece :
       absl::StrSplit(argv[1], ' ', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> digest =
        absl::StrSplit(piece, '=');
    for (reprise::DatasetRow& row : datasets) {
      for (reprise::DatasetRow::File& file : row.files) {
        if (file.name == digest.first) file.md5 = digest.second;
      }
    }
  }
  const absl::Status status = reprise::RunDataCommand(
      std::vector<std::string>(argv + 2, argv + argc), datasets, std::cout);
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  }
  return static_cast<int>(reprise::ExitCodeOf(status));
}
