#include "launch/sweep/sweep_table.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "launch/report/export/table_writer.h"
#include "launch/report/table/text_table.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::json;
using State = PointProgress::State;

SampleStatistics Fold(const std::vector<const PointMeasures*>& measures,
                      std::optional<double> PointMeasures::*field) {
  std::vector<double> values;
  for (const PointMeasures* one : measures) {
    if ((one->*field).has_value()) values.push_back(*(one->*field));
  }
  return StatisticsOf(values);
}

SweepRow RowOf(const SweepProgress& progress,
               const std::vector<size_t>& points) {
  SweepRow row;
  row.configuration = progress.points[points.front()].configuration;
  if (row.configuration.empty()) row.configuration = "all points";
  row.varied = progress.points[points.front()].varied;
  row.points = static_cast<int64_t>(points.size());
  std::vector<const PointMeasures*> measures;
  for (const size_t i : points) {
    const PointProgress& point = progress.of_point[i];
    row.failed += point.state == State::kFailed;
    row.running += point.state == State::kRunning;
    if (point.state != State::kDone) continue;
    ++row.done;
    measures.push_back(&point.measures);
    row.generated_data |= point.measures.generated_data;
  }
  using M = PointMeasures;
  row.average_incremental_accuracy =
      Fold(measures, &M::average_incremental_accuracy);
  row.final_accuracy = Fold(measures, &M::final_accuracy);
  row.forgetting = Fold(measures, &M::forgetting);
  row.images_per_second = Fold(measures, &M::images_per_second);
  return row;
}

// "0.8123 ± 0.0042", with so many digits behind the point.
std::string Shown(const SampleStatistics& statistics, int digits) {
  const auto text = [digits](double value) {
    return absl::StrFormat("%.*f", digits, value);
  };
  if (statistics.n == 0) return "-";
  if (!statistics.standard_deviation.has_value()) return text(statistics.mean);
  return absl::StrCat(text(statistics.mean), " ± ",
                      text(*statistics.standard_deviation));
}

std::string StateText(const SweepRow& row) {
  std::vector<std::string> parts;
  if (row.done == row.points) return absl::StrCat(row.done, " done");
  parts.push_back(absl::StrCat(row.done, " of ", row.points, " done"));
  if (row.failed > 0) parts.push_back(absl::StrCat(row.failed, " failed"));
  if (row.running > 0) parts.push_back(absl::StrCat(row.running, " running"));
  return absl::StrJoin(parts, ", ");
}

Json OrNull(const std::optional<double>& number) {
  return number.has_value() ? Json(*number) : Json();
}

void AddStatistics(const SampleStatistics& statistics,
                   std::vector<Json>* cells) {
  cells->push_back(statistics.n > 0 ? Json(statistics.mean) : Json());
  cells->push_back(OrNull(statistics.standard_deviation));
  cells->push_back(OrNull(statistics.half_width));
}

// Of all rows, in the order in which they first come.
std::vector<std::string> VariedNames(const std::vector<SweepRow>& rows) {
  std::vector<std::string> names;
  for (const SweepRow& row : rows) {
    for (const auto& [name, value] : row.varied) {
      if (std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
  }
  return names;
}

}  // namespace

std::vector<SweepRow> RowsOf(const SweepProgress& progress) {
  std::vector<std::vector<size_t>> groups;
  std::map<std::string, size_t> group_of;
  for (size_t i = 0; i < progress.points.size(); ++i) {
    const auto [found, is_new] =
        group_of.emplace(progress.points[i].configuration, groups.size());
    if (is_new) groups.emplace_back();
    groups[found->second].push_back(i);
  }
  std::vector<SweepRow> rows;
  rows.reserve(groups.size());
  for (const std::vector<size_t>& group : groups) {
    rows.push_back(RowOf(progress, group));
  }
  return rows;
}

std::string TableText(const std::vector<SweepRow>& rows, int width) {
  const std::vector<TextColumn> columns = {
      {"configuration", /*is_number=*/false, /*may_be_cut=*/true},
      {"incremental", true, false, /*may_be_left_out=*/true},
      {"final", true, false, true},
      {"forgetting", true, false, true},
      {"images/s", true, false, true},
      {"state"}};
  std::vector<std::vector<std::string>> cells;
  bool generated = false;
  for (const SweepRow& row : rows) {
    generated |= row.generated_data;
    cells.push_back({row.configuration,
                     Shown(row.average_incremental_accuracy, 4),
                     Shown(row.final_accuracy, 4), Shown(row.forgetting, 4),
                     Shown(row.images_per_second, 0), StateText(row)});
  }
  std::string text = TextTable(columns, cells, width);
  if (generated) {
    absl::StrAppend(&text,
                    "*** GENERATED DATA: these accuracies say nothing about "
                    "the real data set ***\n");
  }
  return text;
}

std::string TableCsv(const std::vector<SweepRow>& rows) {
  const std::vector<std::string> varied = VariedNames(rows);
  std::vector<TableColumn> columns;
  for (const std::string& name : varied) columns.push_back({name, "", ""});
  for (const char* name : {"points", "done", "failed", "generated_data"}) {
    columns.push_back({name, "", ""});
  }
  for (const char* measure : {"average_incremental_accuracy", "final_accuracy",
                              "forgetting", "images_per_second"}) {
    for (const char* part : {"mean", "standard_deviation", "half_width_95"}) {
      columns.push_back({absl::StrCat(measure, "_", part), "", ""});
    }
  }
  std::string csv;
  const auto writer = MakeCsvWriter([&csv](absl::string_view bytes) {
    absl::StrAppend(&csv, bytes);
    return absl::OkStatus();
  });
  // Errors would be those of the output, which has none.
  writer->Begin(columns).IgnoreError();
  for (const SweepRow& row : rows) {
    const std::map<std::string, std::string> values(row.varied.begin(),
                                                    row.varied.end());
    std::vector<Json> cells;
    for (const std::string& name : varied) {
      const auto found = values.find(name);
      cells.push_back(found == values.end() ? Json() : Json(found->second));
    }
    for (const int64_t count : {row.points, row.done, row.failed}) {
      cells.push_back(count);
    }
    cells.push_back(row.generated_data);
    for (const SampleStatistics* statistics :
         {&row.average_incremental_accuracy, &row.final_accuracy,
          &row.forgetting, &row.images_per_second}) {
      AddStatistics(*statistics, &cells);
    }
    writer->Row(cells).IgnoreError();
  }
  writer->End().IgnoreError();
  return csv;
}

}  // namespace reprise
