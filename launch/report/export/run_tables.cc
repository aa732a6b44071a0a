#include "launch/report/export/run_tables.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/status.h"
#include "core/metrics/jsonl/jsonl_replay.h"
#include "core/metrics/metric_sink.h"
#include "core/metrics/record_fields.h"
#include "launch/report/run_folder.h"

namespace reprise {
namespace {

using Json = nlohmann::json;
using Columns = std::vector<TableColumn>;
using Cells = std::vector<Json>;

Json CellOf(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}
Json CellOf(const std::optional<double>& value) {
  return value.has_value() ? CellOf(*value) : Json(nullptr);
}
template <typename Value>
Json CellOf(const Value& value) {
  return value;
}

// visit(column, cell) of what a record has as single values: reports and
// confusion counts, which have tables of their own, are left out.
template <typename Record, typename Visitor>
void ForEachCell(const Record& record, Visitor&& visit) {
  ForEachField(record, [&](const RecordField& field, const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, PhaseSeconds>) {
      ForEachPhase(value, [&](const char* phase, double seconds) {
        visit(TableColumn{absl::StrCat("phase_", phase, "_seconds"), field.unit,
                          field.meaning},
              CellOf(seconds));
      });
    } else if constexpr (!std::is_same_v<Value, AgentReport> &&
                         !std::is_same_v<Value,
                                         std::optional<ConfusionCounts>>) {
      visit(TableColumn{field.name, field.unit, field.meaning}, CellOf(value));
    }
  });
}

template <typename Record>
void AddColumns(const Record& record, Columns* columns) {
  ForEachCell(record, [&](TableColumn column, const Json&) {
    columns->push_back(std::move(column));
  });
}

template <typename Record>
void AddCells(const Record& record, Cells* cells) {
  ForEachCell(record, [&](const TableColumn&, Json cell) {
    cells->push_back(std::move(cell));
  });
}

// The first columns of a table: of which run a row is. A name that the table
// has among its `own` columns stands there alone.
class RunColumns {
 public:
  explicit RunColumns(const Columns& own) {
    for (const TableColumn& column : own) own_.insert(column.name);
  }

  Columns All(const Columns& own) const {
    Columns columns = {{kRunField.name, kRunField.unit, kRunField.meaning}};
    ForEachCell(RunStart(), [&](TableColumn column, const Json&) {
      if (own_.count(column.name) == 0) columns.push_back(std::move(column));
    });
    columns.insert(columns.end(), own.begin(), own.end());
    return columns;
  }

  Cells CellsOf(const RunStart& start, const std::string& folder) const {
    Cells cells = {start.run_id.empty() ? folder : start.run_id};
    ForEachCell(start, [&](const TableColumn& column, Json cell) {
      if (own_.count(column.name) == 0) cells.push_back(std::move(cell));
    });
    return cells;
  }

 private:
  std::set<std::string> own_;
};

// A row for each record of a kind, as they are read.
class RecordRows final : public MetricSink {
 public:
  RecordRows(std::string kind, std::string folder, const RunColumns& of_run,
             TableWriter& writer)
      : kind_(std::move(kind)),
        folder_(std::move(folder)),
        of_run_(of_run),
        writer_(writer) {}

  absl::Status OnRunStart(const RunStart& start) override {
    run_cells_ = of_run_.CellsOf(start, folder_);
    return absl::OkStatus();
  }
  absl::Status OnStep(const StepRecord& step) override { return Write(step); }
  absl::Status OnTrainEpoch(const TrainEpochRecord& epoch) override {
    return Write(epoch);
  }
  absl::Status OnTest(const TestRecord& test) override { return Write(test); }

 private:
  template <typename Record>
  absl::Status Write(const Record& record) {
    if (kind_ != RecordKind(record)) return absl::OkStatus();
    if (run_cells_.empty()) {
      return DataError(absl::StrCat(
          folder_, "/metrics.jsonl: expected run_start before ", kind_));
    }
    Cells cells = run_cells_;
    AddCells(record, &cells);
    return writer_.Row(cells);
  }

  const std::string kind_, folder_;
  const RunColumns& of_run_;
  TableWriter& writer_;
  Cells run_cells_;
};

absl::Status WriteRecords(const std::string& kind,
                          const std::vector<std::string>& folders,
                          TableWriter& writer) {
  Columns own;
  ForEachKind([&](const auto& record) {
    if (kind == RecordKind(record)) AddColumns(record, &own);
  });
  const RunColumns of_run(own);
  REPRISE_RETURN_IF_ERROR(writer.Begin(of_run.All(own)));
  for (const std::string& folder : folders) {
    // Says what is wrong with the folder, if anything.
    REPRISE_ASSIGN_OR_RETURN(const RunFolder run, ReadRunFolder(folder, {2}));
    if (!run.start.has_value()) continue;
    RecordRows rows(kind, folder, of_run, writer);
    ReplayOptions options;
    const bool wants_steps = kind == RecordKind(StepRecord());
    options.wants_step = [wants_steps] { return wants_steps; };
    REPRISE_RETURN_IF_ERROR(
        ReplayJsonl(folder + "/metrics.jsonl", rows, options).status());
  }
  return writer.End();
}

constexpr char kOwnNumber[] = "method's own";

const TableColumn& TaskColumn() {
  static const auto& column =
      *new TableColumn{"task", "index", "task that has ended"};
  return column;
}

template <typename Value>
void AddNames(const std::map<std::string, Value>& named,
              std::set<std::string>* names) {
  for (const auto& [name, value] : named) names->insert(name);
}

Columns NamedColumns(Columns columns, const std::set<std::string>& names) {
  for (const std::string& name : names) {
    columns.push_back({name, "", kOwnNumber});
  }
  return columns;
}

absl::Status WriteTaskEnds(const std::vector<RunFolder>& runs,
                           TableWriter& writer) {
  std::set<std::string> names;
  for (const RunFolder& run : runs) {
    for (const TaskRecord& task : run.task_ends) {
      AddNames(task.agent.scalars, &names);
    }
  }
  Columns own;
  AddColumns(TaskRecord(), &own);
  own = NamedColumns(std::move(own), names);
  const RunColumns of_run(own);
  REPRISE_RETURN_IF_ERROR(writer.Begin(of_run.All(own)));
  for (const RunFolder& run : runs) {
    for (const TaskRecord& task : run.task_ends) {
      Cells cells = of_run.CellsOf(*run.start, run.path);
      AddCells(task, &cells);
      for (const std::string& name : names) {
        const auto found = task.agent.scalars.find(name);
        cells.push_back(found == task.agent.scalars.end()
                            ? Json(nullptr)
                            : CellOf(found->second));
      }
      REPRISE_RETURN_IF_ERROR(writer.Row(cells));
    }
  }
  return writer.End();
}

using ByIndex = std::map<std::string, std::vector<double>>;

// A row for each class or rank after each task.
absl::Status WriteByIndex(const std::vector<RunFolder>& runs,
                          ByIndex AgentReport::*report,
                          const TableColumn& index, TableWriter& writer) {
  std::set<std::string> names;
  for (const RunFolder& run : runs) {
    for (const TaskRecord& task : run.task_ends) {
      AddNames(task.agent.*report, &names);
    }
  }
  const Columns own = NamedColumns({TaskColumn(), index}, names);
  const RunColumns of_run(own);
  REPRISE_RETURN_IF_ERROR(writer.Begin(of_run.All(own)));
  for (const RunFolder& run : runs) {
    for (const TaskRecord& task : run.task_ends) {
      const ByIndex& named = task.agent.*report;
      size_t count = 0;
      for (const auto& [name, values] : named) {
        count = std::max(count, values.size());
      }
      for (size_t i = 0; i < count; ++i) {
        Cells cells = of_run.CellsOf(*run.start, run.path);
        cells.push_back(task.task);
        cells.push_back(i);
        for (const std::string& name : names) {
          const auto found = named.find(name);
          cells.push_back(found != named.end() && i < found->second.size()
                              ? CellOf(found->second[i])
                              : Json(nullptr));
        }
        REPRISE_RETURN_IF_ERROR(writer.Row(cells));
      }
    }
  }
  return writer.End();
}

// Of what is said of a head's answers on a test set after a task.
Columns HeadColumns(Columns more) {
  Columns columns = {
      TaskColumn(),
      {"test_task", "index", "task whose test set is used"},
      {"head", "", "classifier: logits, nme"},
      {"primary", "", "whether it is the method's own classifier"}};
  columns.insert(columns.end(), more.begin(), more.end());
  return columns;
}

absl::Status WriteMatrices(const std::vector<RunFolder>& runs,
                           TableWriter& writer) {
  const Columns own = HeadColumns(
      {{"accuracy", "ratio", "top1 after the task's last epoch, a(i,j)"}});
  const RunColumns of_run(own);
  REPRISE_RETURN_IF_ERROR(writer.Begin(of_run.All(own)));
  for (const RunFolder& run : runs) {
    for (const HeadMatrices::Head& head : run.heads.heads()) {
      for (int64_t i = 0; i < head.matrix.num_tasks(); ++i) {
        for (int64_t j = 0; j <= i; ++j) {
          const std::optional<double> accuracy = head.matrix.At(i, j);
          if (!accuracy.has_value()) continue;
          Cells cells = of_run.CellsOf(*run.start, run.path);
          for (Json cell : {Json(i), Json(j), Json(head.name),
                            Json(head.primary), CellOf(accuracy)}) {
            cells.push_back(std::move(cell));
          }
          REPRISE_RETURN_IF_ERROR(writer.Row(cells));
        }
      }
    }
  }
  return writer.End();
}

// A row for each pair of classes that occurs.
absl::Status WriteConfusion(const std::vector<RunFolder>& runs,
                            TableWriter& writer) {
  const Columns own = HeadColumns(
      {{"true_class", "index", "class of the samples"},
       {"predicted_class", "index", "class that they were taken for, if any"},
       {"samples", "samples", "how many"}});
  const RunColumns of_run(own);
  REPRISE_RETURN_IF_ERROR(writer.Begin(of_run.All(own)));
  for (const RunFolder& run : runs) {
    for (const TestRecord& test : run.tests) {
      if (!test.confusion.has_value()) continue;
      for (const ConfusionCount& pair : *test.confusion) {
        Cells cells = of_run.CellsOf(*run.start, run.path);
        const Json predicted = pair.predicted_class == kNoClass
                                   ? Json(nullptr)
                                   : Json(pair.predicted_class);
        for (Json cell :
             {Json(test.task), Json(test.test_task), Json(test.head),
              Json(test.primary), Json(pair.true_class), predicted,
              Json(pair.samples)}) {
          cells.push_back(std::move(cell));
        }
        REPRISE_RETURN_IF_ERROR(writer.Row(cells));
      }
    }
  }
  return writer.End();
}

// Runs that have begun. Their records that are not steps are held.
absl::StatusOr<std::vector<RunFolder>> ReadRuns(
    const std::vector<std::string>& folders) {
  std::vector<RunFolder> runs;
  for (const std::string& folder : folders) {
    REPRISE_ASSIGN_OR_RETURN(RunFolder run, ReadRunFolder(folder, {2}));
    if (run.start.has_value()) runs.push_back(std::move(run));
  }
  return runs;
}

}  // namespace

const std::vector<std::string>& RunTableNames() {
  static const auto& names = *new std::vector<std::string>{
      "test",    "train_epoch", "step",   "task_end",
      "classes", "ranks",       "matrix", "confusion"};
  return names;
}

absl::Status WriteRunTable(const std::string& name,
                           const std::vector<std::string>& folders,
                           TableWriter& writer) {
  if (name == "test" || name == "train_epoch" || name == "step") {
    return WriteRecords(name, folders, writer);
  }
  REPRISE_ASSIGN_OR_RETURN(const std::vector<RunFolder> runs,
                           ReadRuns(folders));
  if (name == "task_end") return WriteTaskEnds(runs, writer);
  if (name == "matrix") return WriteMatrices(runs, writer);
  if (name == "confusion") return WriteConfusion(runs, writer);
  if (name == "ranks") {
    return WriteByIndex(runs, &AgentReport::by_rank, {"rank", "index", "rank"},
                        writer);
  }
  REPRISE_CHECK(name == "classes") << name;
  return WriteByIndex(runs, &AgentReport::by_class, {"class", "index", "class"},
                      writer);
}

}  // namespace reprise
