// The tables that can be made of runs: one row a record, or a row for each
// number of a method's own report or of the accuracy matrices.
#ifndef REPRISE_LAUNCH_REPORT_EXPORT_RUN_TABLES_H_
#define REPRISE_LAUNCH_REPORT_EXPORT_RUN_TABLES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "launch/report/export/table_writer.h"

namespace reprise {

// Rows are of:
//   test, train_epoch, step   each record of that kind: its fields
//   task_end   a task: its seconds, and a column for each scalar that a method
//              reports
//   classes    a class after a task: a column for each number that a method
//              reports by class
//   ranks      the same by rank
//   matrix     a(i,j) of a head: task i, test_task j
//   confusion  how many samples of a class a head took for which after a task
const std::vector<std::string>& RunTableNames();

// Writes the table `name` of all runs into one. Its first columns say of which
// run a row is: `run` (the id; the folder of a run that has none) and what
// run_start says, among it agent and seed. Names and units of columns are those
// of core/metrics/record_fields.h; of a record's times by phase
// phase_<name>_seconds, in seconds. `folders`: paths of runs, which are read
// one after the other. ReadRunFolder's errors, and the writer's.
absl::Status WriteRunTable(const std::string& name,
                           const std::vector<std::string>& folders,
                           TableWriter& writer);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_EXPORT_RUN_TABLES_H_
