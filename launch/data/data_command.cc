#include "launch/data/data_command.h"

#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/nearest_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "data/dataset.h"
#include "data/dataset_search.h"
#include "data/generated_mark.h"
#include "data/stored_file.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/data/dataset_loader.h"
#include "launch/data/download.h"

namespace reprise {
namespace {

// The seed of runs, unless they are told another one.
constexpr uint64_t kSeed = 42;

constexpr char kUsage[] =
    "reprise data verify [NAME...] | fetch NAME... | synthesize NAME... "
    "[--dataset-dir DIR] [--mirror URL]";

constexpr char kHelp[] =
    R"(reprise data verify [NAME...] [--dataset-dir DIR]
  how far what is on disk is the published data set; without NAME: of all
reprise data fetch NAME... [--dataset-dir DIR] [--mirror URL]
  downloads, checks and places
reprise data synthesize NAME... [--dataset-dir DIR]
  places generated data of the same shape, marked as such

NAME: )";

struct Command {
  std::string verb;
  std::vector<const DatasetRow*> datasets;
  bool all = false;  // verify without a name
  std::string dataset_dir;
  std::string mirror;
};

std::vector<std::string> NamesOf(const std::vector<DatasetRow>& datasets) {
  std::vector<std::string> names;
  for (const DatasetRow& row : datasets) names.push_back(row.name);
  return names;
}

void CheckMirror(const Command& command, VerbLine& line) {
  if (!line.IsGiven("mirror")) return;
  if (command.verb != "fetch") {
    line.AddProblem("--mirror: only fetch downloads");
  } else if (command.datasets.size() > 1) {
    line.AddProblem("--mirror: expected one data set, found ",
                    command.datasets.size());
  }
}

// What the words of the line ask for; what is wrong with them is told to it.
void TakeWords(const std::vector<DatasetRow>& datasets, Command* command,
               VerbLine& line) {
  const std::vector<std::string> verbs = {"fetch", "synthesize", "verify"};
  const std::vector<std::string> names = NamesOf(datasets);
  if (line.words().empty()) {
    line.AddProblem("expected what to do");
    return;
  }
  command->verb = line.words()[0];
  if (std::find(verbs.begin(), verbs.end(), command->verb) == verbs.end()) {
    line.AddProblem("'", Printable(command->verb), "': unknown",
                    DidYouMean(command->verb, verbs));
    return;
  }
  for (size_t i = 1; i < line.words().size(); ++i) {
    const std::string& name = line.words()[i];
    const auto found = std::find_if(
        datasets.begin(), datasets.end(),
        [&name](const DatasetRow& row) { return row.name == name; });
    if (found == datasets.end()) {
      line.AddProblem("'", Printable(name), "': expected a data set (",
                      absl::StrJoin(names, ", "), ") or a flag",
                      DidYouMean(name, names));
      continue;
    }
    command->datasets.push_back(&*found);
  }
  CheckMirror(*command, line);
  if (line.words().size() > 1) return;
  if (command->verb != "verify") line.AddProblem("expected a data set");
  command->all = true;
  for (const DatasetRow& row : datasets) command->datasets.push_back(&row);
}

std::string Counts(const DatasetPair& pair) {
  return absl::StrCat(pair.train->size(), " + ", pair.test->size(), " samples");
}

// With what is cached held against the files; a cache that is not what it
// should be is made anew, which needs no word here.
absl::StatusOr<DatasetPair> Read(const DatasetRow& row,
                                 const std::string& datasets) {
  std::vector<std::string> warnings;
  ReadOptions options;
  options.verify = true;
  return row.read(datasets, options, &warnings);
}

// What is at `datasets`, in one line.
absl::Status Report(const DatasetRow& row, const std::string& datasets,
                    std::ostream& out) {
  REPRISE_ASSIGN_OR_RETURN(const DatasetPair pair, Read(row, datasets));
  std::string verdict = "generated";
  if (!pair.generated) {
    REPRISE_ASSIGN_OR_RETURN(verdict, row.judge(row, pair));
  }
  out << row.name << ": " << pair.source << ": " << verdict << ", "
      << Counts(pair) << std::endl;
  return absl::OkStatus();
}

// Reports the first place that has the data set. That there is none is an error
// where the user has named it (`is_named`).
absl::Status VerifyOne(const DatasetRow& row, const DatasetPlace& place,
                       bool is_named, std::ostream& out) {
  // A data set may also lie without its own folder.
  std::vector<std::string> folders = place.looked_at;
  if (!place.folder.empty()) folders = {place.folder};
  for (const std::string& folder : folders) {
    const absl::Status status = Report(row, folder, out);
    if (!absl::IsNotFound(status)) return status;
  }
  REPRISE_RETURN_IF_ERROR(FindUnreadable(
      row, place, folders,
      [&](const std::string& folder) { return Read(row, folder); }));
  const std::string text = absl::StrCat(row.name, ": none in ",
                                        absl::StrJoin(place.looked_at, ", "));
  if (!is_named) {
    out << text << std::endl;
    return absl::OkStatus();
  }
  return DataError(
      absl::StrCat(text, "; remedy: ",
                   row.by_hand.empty()
                       ? absl::StrCat("run 'reprise data fetch ", row.name, "'")
                       : row.by_hand));
}

absl::Status Verify(const Command& command, std::ostream& out) {
  absl::Status first;
  for (const DatasetRow* row : command.datasets) {
    REPRISE_ASSIGN_OR_RETURN(const DatasetPlace place,
                             FindDatasets(command.dataset_dir, {row->entry}));
    const absl::Status status = VerifyOne(*row, place, !command.all, out);
    if (!status.ok() && command.datasets.size() > 1) {
      out << row->name << ": " << status.message() << std::endl;
    }
    first.Update(status);
  }
  return first;
}

// A folder within `parent`, which is made if need be; removed with all it holds
// when this goes.
class TemporaryFolder {
 public:
  static absl::StatusOr<TemporaryFolder> Create(const std::string& parent) {
    REPRISE_RETURN_IF_ERROR(MakeFolders(parent));
    std::string path = absl::StrCat(parent, "/.reprise-data-XXXXXX");
    if (mkdtemp(&path[0]) == nullptr) {
      return ErrnoToStorageError("create the folder", path);
    }
    return TemporaryFolder(path);
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept {
    std::swap(path_, other.path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// OK if nothing at all of the data set is in `datasets`.
absl::Status CheckAbsent(const DatasetRow& row, const std::string& datasets) {
  const absl::StatusOr<DatasetPair> found = Read(row, datasets);
  if (absl::IsNotFound(found.status())) return absl::OkStatus();
  if (!found.ok()) {
    return Annotate(found.status(),
                    "nothing is replaced, and what is there cannot be read");
  }
  return DataError(absl::StrCat(
      found->source, ": expected no ", row.name, " yet, found ", Counts(*found),
      "; remedy: remove it first, or name another folder with "
      "--dataset-dir; nothing is replaced"));
}

// Moves <from>/<row.folder> to <to>/<row.folder>.
absl::Status Place(const DatasetRow& row, const std::string& from,
                   const std::string& to) {
  const std::string target = absl::StrCat(to, "/", row.folder);
  REPRISE_RETURN_IF_ERROR(MakeFolders(target.substr(0, target.rfind('/'))));
  // Refuses a folder that holds anything.
  if (rename(absl::StrCat(from, "/", row.folder).c_str(), target.c_str()) !=
      0) {
    return ErrnoToStorageError("move the data set to", target);
  }
  return absl::OkStatus();
}

absl::Status Synthesize(const DatasetRow& row, const std::string& datasets,
                        std::ostream& out) {
  REPRISE_RETURN_IF_ERROR(CheckAbsent(row, datasets));
  REPRISE_ASSIGN_OR_RETURN(const TemporaryFolder temporary,
                           TemporaryFolder::Create(datasets));
  const std::string folder = absl::StrCat(temporary.path(), "/", row.folder);
  REPRISE_RETURN_IF_ERROR(MakeFolders(folder));
  const DatasetPair pair = row.generate(kSeed, /*quick=*/false);
  REPRISE_RETURN_IF_ERROR(MarkAsGenerated(folder, pair.source));
  REPRISE_RETURN_IF_ERROR(row.write(temporary.path(), pair));
  REPRISE_RETURN_IF_ERROR(Place(row, temporary.path(), datasets));
  return Report(row, datasets, out);
}

absl::Status Fetch(const DatasetRow& row, const std::string& mirror,
                   const std::string& datasets, std::ostream& out) {
  if (!row.by_hand.empty()) {
    return DataError(absl::StrCat(row.name, ": ", row.by_hand));
  }
  // Twice fetched is once fetched, if it is the published data set.
  const absl::StatusOr<DatasetPair> found = Read(row, datasets);
  if (found.ok() && !found->generated &&
      absl::StartsWith(row.judge(row, *found).value_or(""), "as published")) {
    out << row.name << ": there already" << std::endl;
    return Report(row, datasets, out);
  }
  REPRISE_RETURN_IF_ERROR(CheckAbsent(row, datasets));
  REPRISE_ASSIGN_OR_RETURN(const TemporaryFolder temporary,
                           TemporaryFolder::Create(datasets));
  const std::string downloads = temporary.path() + "/downloads";
  REPRISE_RETURN_IF_ERROR(MakeFolders(downloads));
  for (const DatasetRow::File& file : row.files) {
    const std::string url = absl::StrCat(mirror, "/", file.name);
    out << row.name << ": downloading " << url << std::endl;
    REPRISE_RETURN_IF_ERROR(Download(
        url, absl::StrCat(downloads, "/", file.name), file.most_bytes));
  }
  REPRISE_RETURN_IF_ERROR(
      MakeFolders(absl::StrCat(temporary.path(), "/", row.folder)));
  REPRISE_RETURN_IF_ERROR(row.install(row, downloads, temporary.path()));
  REPRISE_RETURN_IF_ERROR(Place(row, temporary.path(), datasets));
  return Report(row, datasets, out);
}

std::string Destination(const std::string& dataset_dir) {
  if (!dataset_dir.empty()) return ResolveUserPath(dataset_dir);
  const std::string named = GetEnv("REPRISE_DATASETS");
  return ResolveUserPath(named.empty() ? "datasets" : named);
}

}  // namespace

absl::Status RunDataCommand(const std::vector<std::string>& arguments,
                            const std::vector<DatasetRow>& datasets,
                            std::ostream& out) {
  Command command;
  VerbLine line(
      "data", kUsage,
      absl::StrCat(kHelp, absl::StrJoin(NamesOf(datasets), ", "),
                   "; DIR: else $REPRISE_DATASETS or ./datasets (verify: "
                   "where a run\nlooks)"));
  line.Text("dataset-dir", "DIR", "folder of data sets", &command.dataset_dir);
  line.Text("mirror", "URL", "fetch: from there, one data set",
            &command.mirror);
  line.Parse(arguments);
  if (line.wants_help()) {
    out << line.Help();
    return absl::OkStatus();
  }
  TakeWords(datasets, &command, line);
  REPRISE_RETURN_IF_ERROR(line.status());
  if (command.verb == "verify") return Verify(command, out);
  const std::string destination = Destination(command.dataset_dir);
  for (const DatasetRow* row : command.datasets) {
    if (command.verb == "synthesize") {
      REPRISE_RETURN_IF_ERROR(Synthesize(*row, destination, out));
      continue;
    }
    const std::string mirror(absl::StripSuffix(
        command.mirror.empty() ? row->mirror : command.mirror, "/"));
    REPRISE_RETURN_IF_ERROR(Fetch(*row, mirror, destination, out));
  }
  return absl::OkStatus();
}

}  // namespace reprise
