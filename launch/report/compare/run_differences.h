// In what runs differ, as rows of a table: a name, and a cell for each run.
#ifndef REPRISE_LAUNCH_REPORT_COMPARE_RUN_DIFFERENCES_H_
#define REPRISE_LAUNCH_REPORT_COMPARE_RUN_DIFFERENCES_H_

#include <optional>
#include <string>
#include <vector>

#include "launch/report/run_folder.h"

namespace reprise {

struct TextRow {
  std::string name;
  std::vector<std::string> cells;  // one for each run
};

// Settings whose values differ, in the order of run.json, with their origins
// where these differ, too; "-" for a run that has no such setting. Bookkeeping
// (run_settings.h) is left out.
std::vector<TextRow> DifferingSettings(const std::vector<RunFolder>& runs);

// Of where and by what they ran: version, commit, build, hosts, devices,
// threads, communicator, memory format, data and its digests; those that
// differ.
std::vector<TextRow> DifferingProvenance(const std::vector<RunFolder>& runs);

struct MeasureRow {
  std::string name, unit;
  std::vector<std::optional<double>> values;  // one for each run
};

// Measures of the primary head, images a second and times.
std::vector<MeasureRow> MeasuresOf(const std::vector<RunFolder>& runs);

// Seconds of rank 0 by phase; phases that no run spent time in are left out.
std::vector<MeasureRow> PhasesOf(const std::vector<RunFolder>& runs);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_COMPARE_RUN_DIFFERENCES_H_
