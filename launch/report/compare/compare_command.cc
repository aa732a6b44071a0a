#include "launch/report/compare/compare_command.h"

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/environment.h"
#include "core/base/status.h"
#include "core/metrics/accuracy/matrix_table.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/report/compare/record_comparison.h"
#include "launch/report/compare/run_differences.h"
#include "launch/report/run_folder.h"
#include "launch/report/table/text_table.h"

namespace reprise {
namespace {

constexpr char kUsage[] = "reprise compare A B [MORE...] [--same]";

constexpr char kHelp[] =
    R"(Compares runs, each named by its folder: settings and surroundings that
differ; measures, images a second and time by phase, with the difference to A;
accuracy matrices; and the first record that is not as in A.

Runs of one program, settings, data and number of ranks have equal records but
for their times and ids (docs/REPRODUCIBILITY.md). Whether two did:

  reprise compare results/one results/other --same && echo reproduced)";

// "A", "B", ...; of more than 26 "run 27".
std::string LetterOf(size_t i) {
  return i < 26 ? std::string(1, static_cast<char>('A' + i))
                : absl::StrCat("run ", i + 1);
}

std::string ValueText(const std::optional<double>& value) {
  return value.has_value() ? absl::StrFormat("%.6g", *value) : "-";
}

std::string DifferenceText(const MeasureRow& row, size_t i) {
  const auto& first = row.values.front();
  const auto& other = row.values[i];
  if (!first.has_value() || !other.has_value()) return "-";
  std::string text = absl::StrFormat("%+.3g", *other - *first);
  // Accuracies are shares already; of what has a unit a ratio says more.
  if (!row.unit.empty() && *first > 0) {
    absl::StrAppendFormat(&text, " (%+.1f%%)", 100 * (*other / *first - 1));
  }
  return text;
}

class Comparison {
 public:
  Comparison(std::vector<RunFolder> runs, int width, std::ostream& out)
      : runs_(std::move(runs)), width_(width), out_(out) {}

  // Whether all records are as in A.
  absl::StatusOr<bool> Print() {
    PrintRuns();
    PrintText("Settings that differ", "setting", DifferingSettings(runs_));
    PrintText("Surroundings that differ", "what", DifferingProvenance(runs_));
    PrintMeasures("Measures (differences of times and rates also in % of A)",
                  MeasuresOf(runs_));
    PrintMeasures("Time by phase, of rank 0", PhasesOf(runs_));
    PrintMatrices();
    return PrintRecords();
  }

 private:
  void PrintRuns() {
    std::vector<std::vector<std::string>> cells;
    for (size_t i = 0; i < runs_.size(); ++i) {
      const RunFolder& run = runs_[i];
      cells.push_back(
          {LetterOf(i), run.path, run.start ? run.start->agent : "-",
           run.start ? run.start->model : "-",
           run.start
               ? absl::StrCat(run.start->dataset,
                              run.start->generated_data ? " (generated)" : "")
               : "-",
           absl::StrCat(run.run.info.seed),
           run.state == RunState::kFinished
               ? RunStateName(run.state)
               : absl::StrCat(RunStateName(run.state), ", ", run.Position())});
    }
    out_ << TextTable({{"", false},
                       {"run", false, true},
                       {"agent", false, true},
                       {"model", false, true},
                       {"data"},
                       {"seed", true},
                       {"state"}},
                      cells, width_);
  }

  void PrintText(const char* title, const char* what,
                 const std::vector<TextRow>& rows) {
    out_ << "\n" << title << ":" << (rows.empty() ? " none\n" : "\n");
    if (rows.empty()) return;
    std::vector<TextColumn> columns = {{what}};
    for (size_t i = 0; i < runs_.size(); ++i) {
      columns.push_back({LetterOf(i), false, true});
    }
    std::vector<std::vector<std::string>> cells;
    for (const TextRow& row : rows) {
      cells.push_back({row.name});
      cells.back().insert(cells.back().end(), row.cells.begin(),
                          row.cells.end());
    }
    out_ << TextTable(columns, cells, width_);
  }

  void PrintMeasures(const char* title, const std::vector<MeasureRow>& rows) {
    out_ << "\n" << title << ":\n";
    std::vector<TextColumn> columns = {{"measure"}};
    for (size_t i = 0; i < runs_.size(); ++i) {
      columns.push_back({LetterOf(i), true});
      if (i > 0) columns.push_back({absl::StrCat(LetterOf(i), " - A"), true});
    }
    columns.push_back({"unit"});
    std::vector<std::vector<std::string>> cells;
    for (const MeasureRow& row : rows) {
      cells.push_back({row.name});
      for (size_t i = 0; i < runs_.size(); ++i) {
        cells.back().push_back(ValueText(row.values[i]));
        if (i > 0) cells.back().push_back(DifferenceText(row, i));
      }
      cells.back().push_back(row.unit);
    }
    out_ << TextTable(columns, cells, width_);
  }

  void PrintMatrices() {
    for (size_t i = 0; i < runs_.size(); ++i) {
      const HeadMatrices::Head* head = runs_[i].primary_head();
      if (head == nullptr) {
        out_ << "\nAccuracy of " << LetterOf(i) << ": no evaluation yet\n";
        continue;
      }
      out_ << "\nAccuracy of " << LetterOf(i) << ", " << head->name << ": "
           << MatrixTable(head->matrix, width_);
    }
  }

  absl::StatusOr<bool> PrintRecords() {
    out_ << "\nRecords, but for their times and the run's id:\n";
    bool all_same = true;
    for (size_t i = 1; i < runs_.size(); ++i) {
      if (!runs_[0].start.has_value() || !runs_[i].start.has_value()) {
        out_ << "  A and " << LetterOf(i) << ": one has none\n";
        all_same = false;
        continue;
      }
      REPRISE_ASSIGN_OR_RETURN(
          const RecordComparison records,
          CompareRecords(runs_[0].path + "/metrics.jsonl",
                         runs_[i].path + "/metrics.jsonl"));
      out_ << "  A and " << LetterOf(i) << ": ";
      if (records.is_same()) {
        out_ << "all " << records.equal_records << " are equal\n";
        continue;
      }
      all_same = false;
      out_ << records.equal_records
           << " are equal, then they differ: " << records.first_difference
           << "\n";
      for (const std::string& field : records.fields) {
        out_ << "    " << field << "\n";
      }
    }
    return all_same;
  }

  const std::vector<RunFolder> runs_;
  const int width_;
  std::ostream& out_;
};

}  // namespace

absl::StatusOr<int> RunCompareCommand(const std::vector<std::string>& arguments,
                                      int width, std::ostream& out) {
  bool must_be_same = false;
  VerbLine line("compare", kUsage, kHelp);
  line.Switch("same", "exit 1 where a record of a run is not as in A",
              &must_be_same);
  line.Parse(arguments);
  if (line.wants_help()) {
    out << line.Help();
    return 0;
  }
  if (line.words().size() < 2) {
    line.AddProblem("expected two runs or more, found ", line.words().size());
  }
  REPRISE_RETURN_IF_ERROR(line.status());
  std::vector<RunFolder> runs;
  for (const std::string& word : line.words()) {
    REPRISE_ASSIGN_OR_RETURN(RunFolder run,
                             ReadRunFolder(ResolveUserPath(word), {2}));
    runs.push_back(std::move(run));
  }
  Comparison comparison(std::move(runs), width, out);
  REPRISE_ASSIGN_OR_RETURN(const bool is_same, comparison.Print());
  out.flush();
  return must_be_same && !is_same ? 1 : 0;
}

}  // namespace reprise
