// The results of a sweep, a row for each configuration: its seeds are folded
// into mean and standard deviation.
#ifndef REPRISE_LAUNCH_SWEEP_SWEEP_TABLE_H_
#define REPRISE_LAUNCH_SWEEP_SWEEP_TABLE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "launch/report/comparison/sample_statistics.h"
#include "launch/sweep/sweep_progress.h"

namespace reprise {

struct SweepRow {
  std::string configuration;
  std::vector<std::pair<std::string, std::string>> varied;
  int64_t points = 0, done = 0, failed = 0, running = 0;
  bool generated_data = false;  // of any that is done
  SampleStatistics average_incremental_accuracy, final_accuracy, forgetting,
      images_per_second;
};

// In the order of their first points.
std::vector<SweepRow> RowsOf(const SweepProgress& progress);

// For people, in at most `width` columns where that is possible (0: as wide as
// it gets): configurations are cut, then measures left out, the last first.
std::string TableText(const std::vector<SweepRow>& rows, int width);

// sweep.csv, as MakeCsvWriter writes it: a column for each setting that the
// sweep varies, counts of points, and of each measure mean, standard deviation
// and half the width of the 95 % interval of the mean; empty where unknown.
// Only columns that begin with images_per_second differ from one sweep of the
// same file to the next.
std::string TableCsv(const std::vector<SweepRow>& rows);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SWEEP_SWEEP_TABLE_H_
