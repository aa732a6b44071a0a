#include "launch/report/export/export_command.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/report/export/run_tables.h"
#include "launch/report/export/table_writer.h"

namespace reprise {
namespace {

constexpr char kUsage[] =
    "reprise export RUN [MORE...] --csv[=FILE] [--table=NAME]\n"
    "reprise export RUN [MORE...] --json[=FILE] [--table=NAME]";

constexpr char kHelp[] =
    R"help(Writes one table of all the runs, each named by its folder: a row says of
which run it is (run, agent, seed ...) and then what --table asks for:

  test         every evaluation of a head on a task's test set
  train_epoch  every epoch, with its time by phase
  step         every step that was reported
  task_end     every task, with the numbers that the method reports of it
  classes      every class after every task: weights, stored rows ...
  ranks        every rank after every task
  matrix       a(i,j): accuracy on task j's test set after task i
  confusion    how many samples of a class were taken for which after task i

Names and units are those of docs/METRICS.md: accuracies in [0, 1], seconds,
tasks from 0. What is unknown is an empty cell. FILE "-", and --csv or --json
without any, is the standard output.

  reprise export results/nil results/er --csv=tests.csv
  reprise export results/nil --table=matrix --csv | column -s, -t
  python3 -c "import pandas as p; print(p.read_csv('tests.csv').query('primary')
    .groupby(['agent', 'task', 'test_task']).top1.last())")help";

// Collects the table's small pieces.
class Buffer {
 public:
  explicit Buffer(TableOutput output) : output_(std::move(output)) {}

  absl::Status Add(absl::string_view bytes) {
    absl::StrAppend(&bytes_, bytes);
    return bytes_.size() < kMostBytes ? absl::OkStatus() : Flush();
  }
  absl::Status Flush() {
    const std::string bytes = std::exchange(bytes_, "");
    return output_(bytes);
  }

 private:
  static constexpr size_t kMostBytes = 1 << 18;

  const TableOutput output_;
  std::string bytes_;
};

absl::Status Export(const std::string& table, bool is_csv,
                    const std::vector<std::string>& folders,
                    const TableOutput& output) {
  Buffer buffer(output);
  const TableOutput add = [&buffer](absl::string_view bytes) {
    return buffer.Add(bytes);
  };
  const std::unique_ptr<TableWriter> writer =
      is_csv ? MakeCsvWriter(add) : MakeJsonWriter(add);
  REPRISE_RETURN_IF_ERROR(WriteRunTable(table, folders, *writer));
  return buffer.Flush();
}

absl::Status ExportTo(std::ostream& out, const std::string& table, bool is_csv,
                      const std::vector<std::string>& folders) {
  const auto write = [&out](absl::string_view bytes) {
    out << bytes;
    return out.good() ? absl::OkStatus()
                      : StorageError("the standard output takes no more");
  };
  REPRISE_RETURN_IF_ERROR(Export(table, is_csv, folders, write));
  out.flush();
  return write("");
}

absl::Status ExportToFile(const std::string& file, const std::string& table,
                          bool is_csv,
                          const std::vector<std::string>& folders) {
  REPRISE_ASSIGN_OR_RETURN(FileReplacement replacement,
                           FileReplacement::Begin(file));
  REPRISE_RETURN_IF_ERROR(
      Export(table, is_csv, folders, [&replacement](absl::string_view bytes) {
        return replacement.Write(bytes);
      }));
  return replacement.Commit();
}

// "--csv=-" for a --csv that no word follows.
std::vector<std::string> WithOutputs(std::vector<std::string> arguments) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool is_alone =
        i + 1 == arguments.size() || absl::StartsWith(arguments[i + 1], "--");
    if (is_alone && (arguments[i] == "--csv" || arguments[i] == "--json")) {
      arguments[i] += "=-";
    }
  }
  return arguments;
}

}  // namespace

absl::Status RunExportCommand(const std::vector<std::string>& arguments,
                              std::ostream& out) {
  std::string csv, json, table = RunTableNames().front();
  VerbLine line("export", kUsage, kHelp);
  line.Text("csv", "FILE", "comma-separated, for a spreadsheet, pandas, R",
            &csv);
  line.Text("json", "FILE", "columns with unit and meaning, then rows", &json);
  line.Choice("table", "NAME", RunTableNames(), "what a row is of [test]",
              &table);
  line.Parse(WithOutputs(arguments));
  if (line.wants_help()) {
    out << line.Help();
    return absl::OkStatus();
  }
  if (line.words().empty()) line.AddProblem("expected the folder of a run");
  if (line.IsGiven("csv") == line.IsGiven("json")) {
    line.AddProblem("expected --csv or --json, found ",
                    line.IsGiven("csv") ? "both" : "neither");
  }
  REPRISE_RETURN_IF_ERROR(line.status());
  std::vector<std::string> folders;
  for (const std::string& word : line.words()) {
    folders.push_back(ResolveUserPath(word));
  }
  const bool is_csv = line.IsGiven("csv");
  const std::string& file = is_csv ? csv : json;
  if (file == "-") return ExportTo(out, table, is_csv, folders);
  return ExportToFile(ResolveUserPath(file), table, is_csv, folders);
}

}  // namespace reprise
