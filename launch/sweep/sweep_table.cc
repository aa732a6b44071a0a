#include "launch/sweep/sweep_table.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

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

// Of UTF-8, of which "±" is the only character that is not a byte.
size_t ColumnsOf(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
}

std::string Padded(const std::string& text, size_t columns) {
  const size_t own = ColumnsOf(text);
  return own >= columns ? text : text + std::string(columns - own, ' ');
}

// `text` in at most `columns`, at least 8.
std::string Cut(const std::string& text, size_t columns) {
  columns = std::max<size_t>(columns, 8);
  return text.size() <= columns ? text : text.substr(0, columns - 2) + "..";
}

std::string CsvField(absl::string_view text) {
  if (text.find_first_of(",\"\r\n") == absl::string_view::npos) {
    return std::string(text);
  }
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

// The shortest text that reads as the same number.
std::string CsvNumber(const std::optional<double>& number) {
  return number.has_value() ? nlohmann::json(*number).dump() : "";
}

void AddStatistics(const SampleStatistics& statistics,
                   std::vector<std::string>* fields) {
  fields->push_back(CsvNumber(statistics.n > 0
                                  ? std::optional<double>(statistics.mean)
                                  : std::nullopt));
  fields->push_back(CsvNumber(statistics.standard_deviation));
  fields->push_back(CsvNumber(statistics.half_width));
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
  std::vector<std::vector<std::string>> cells = {
      {"configuration", "incremental", "final", "forgetting", "images/s",
       "state"}};
  bool generated = false;
  for (const SweepRow& row : rows) {
    generated |= row.generated_data;
    cells.push_back({row.configuration,
                     Shown(row.average_incremental_accuracy, 4),
                     Shown(row.final_accuracy, 4), Shown(row.forgetting, 4),
                     Shown(row.images_per_second, 0), StateText(row)});
  }
  std::vector<size_t> columns(cells.front().size(), 0);
  size_t all = 2 * (columns.size() - 1);
  for (size_t i = 0; i < columns.size(); ++i) {
    for (const auto& row : cells) {
      columns[i] = std::max(columns[i], ColumnsOf(row[i]));
    }
    all += columns[i];
  }
  if (width > 0 && all > static_cast<size_t>(width)) {
    const size_t excess = all - static_cast<size_t>(width);
    columns[0] = columns[0] > excess + 8 ? columns[0] - excess : 8;
  }
  std::string text;
  for (const auto& row : cells) {
    std::vector<std::string> padded = {
        Padded(Cut(row[0], columns[0]), columns[0])};
    for (size_t i = 1; i + 1 < row.size(); ++i) {
      padded.push_back(Padded(row[i], columns[i]));
    }
    padded.push_back(row.back());
    absl::StrAppend(&text, absl::StrJoin(padded, "  "), "\n");
  }
  if (generated) {
    absl::StrAppend(&text,
                    "*** GENERATED DATA: these accuracies say nothing about "
                    "the real data set ***\n");
  }
  return text;
}

std::string TableCsv(const std::vector<SweepRow>& rows) {
  const std::vector<std::string> varied = VariedNames(rows);
  std::vector<std::string> fields;
  for (const std::string& name : varied) fields.push_back(CsvField(name));
  for (const char* name : {"points", "done", "failed", "generated_data"}) {
    fields.emplace_back(name);
  }
  for (const char* measure : {"average_incremental_accuracy", "final_accuracy",
                              "forgetting", "images_per_second"}) {
    for (const char* part : {"mean", "standard_deviation", "half_width_95"}) {
      fields.push_back(absl::StrCat(measure, "_", part));
    }
  }
  std::string csv = absl::StrJoin(fields, ",") + "\n";
  for (const SweepRow& row : rows) {
    const std::map<std::string, std::string> values(row.varied.begin(),
                                                    row.varied.end());
    fields.clear();
    for (const std::string& name : varied) {
      const auto found = values.find(name);
      fields.push_back(found == values.end() ? "" : CsvField(found->second));
    }
    fields.push_back(absl::StrCat(row.points));
    fields.push_back(absl::StrCat(row.done));
    fields.push_back(absl::StrCat(row.failed));
    fields.emplace_back(row.generated_data ? "true" : "false");
    for (const SampleStatistics* statistics :
         {&row.average_incremental_accuracy, &row.final_accuracy,
          &row.forgetting, &row.images_per_second}) {
      AddStatistics(*statistics, &fields);
    }
    absl::StrAppend(&csv, absl::StrJoin(fields, ","), "\n");
  }
  return csv;
}

}  // namespace reprise
