#include "launch/report/runs/runs_command.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "core/base/environment.h"
#include "core/base/status.h"
#include "core/metrics/accuracy/matrix_table.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/report/run_folder.h"
#include "launch/report/run_settings/run_settings.h"
#include "launch/report/runs/run_search.h"
#include "launch/report/table/text_table.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

constexpr char kUsage[] =
    "reprise runs [DIR] [--agent=NAMES] [--dataset=NAMES] [--state=STATE] "
    "[--sort=FIELD] [--json]";

constexpr char kHelp[] =
    R"(Lists the runs in DIR and below, the newest first. DIR: else ./results,
where runs put theirs unless --results-dir says otherwise.

  state      finished; running: its process is still there; failed: the end
             of its log tells an error; unfinished: killed, or on another host
  accuracy   average incremental accuracy of the method's own classifier,
  forgetting and this; of the tasks so far "-" until all have been learnt
  images/s   true incoming samples a second of training, of all ranks

Data marked * is a generated stand-in: accuracies on it say nothing.

  reprise runs --agent=nil,er --state=finished --sort=accuracy
  reprise runs --json | jq -r '.[] | select(.state == "failed") | .error')";

struct Options {
  std::string directory = "./results";
  std::string agents, datasets, state, sort = "when";
  bool json = false;
};

// What a line of the list says of a run.
struct Row {
  RunFolder run;
  std::string folder;  // within the directory
  std::string agent, model, dataset;
  int world_size = 1;
  std::optional<double> accuracy, forgetting;
};

std::string SettingOf(const RunInfo& info, absl::string_view name) {
  for (const RunInfo::Setting& setting : info.settings) {
    if (setting.name == name) return SettingText(setting.value_json);
  }
  return "";
}

Row RowOf(RunFolder run, const std::string& directory) {
  Row row;
  absl::string_view folder = run.path;
  absl::ConsumePrefix(&folder, directory);
  while (absl::ConsumePrefix(&folder, "/")) {
  }
  row.folder = folder.empty() ? run.path : std::string(folder);
  const RunInfo& info = run.run.info;
  row.agent = run.start ? run.start->agent : SettingOf(info, "agent");
  row.model = run.start ? run.start->model : SettingOf(info, "model");
  row.dataset = run.start ? run.start->dataset : SettingOf(info, "dataset");
  row.world_size = run.start ? run.start->world_size : info.world_size;
  if (const HeadMatrices::Head* head = run.primary_head()) {
    row.accuracy = head->matrix.AverageIncremental();
    row.forgetting = head->matrix.Forgetting();
  }
  row.run = std::move(run);
  return row;
}

bool IsGenerated(const Row& row) {
  return row.run.start ? row.run.start->generated_data
                       : row.run.run.info.generated_data;
}

// Of "icarl --scratch" also "icarl".
bool IsAmong(const std::string& value, const std::string& names) {
  if (names.empty()) return true;
  const std::string first = value.substr(0, value.find(' '));
  for (const absl::string_view name : absl::StrSplit(names, ',')) {
    if (name == value || name == first) return true;
  }
  return false;
}

bool IsWanted(const Row& row, const Options& options) {
  return IsAmong(row.agent, options.agents) &&
         IsAmong(row.dataset, options.datasets) &&
         (options.state.empty() ||
          options.state == RunStateName(row.run.state));
}

constexpr double kLast = -std::numeric_limits<double>::infinity();

// By name what the rows are sorted by, the largest first; what is unknown last.
using Key = std::function<double(const Row&)>;
const std::map<std::string, Key>& Keys() {
  static const auto& keys = *new std::map<std::string, Key>{
      {"when",
       [](const Row& row) {
         return absl::ToDoubleSeconds(row.run.run.started - absl::UnixEpoch());
       }},
      {"accuracy", [](const Row& row) { return row.accuracy.value_or(kLast); }},
      {"forgetting",
       [](const Row& row) { return row.forgetting.value_or(kLast); }},
      {"images/s",
       [](const Row& row) {
         return row.run.images_per_second().value_or(kLast);
       }},
      {"duration", [](const Row& row) { return row.run.seconds(); }},
  };
  return keys;
}

void SortBy(const std::string& field, std::vector<Row>* rows) {
  const Key& key = Keys().at(field);
  std::stable_sort(
      rows->begin(), rows->end(),
      [&key](const Row& a, const Row& b) { return key(a) > key(b); });
}

// Of equal ones the newest first.
void Sort(const std::string& field, std::vector<Row>* rows) {
  if (field == "folder") return;  // as they were found
  SortBy("when", rows);
  if (field != "when") SortBy(field, rows);
}

std::string DurationText(double seconds) {
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return absl::StrFormat("%.1f s", seconds);
  if (whole < 3600)
    return absl::StrFormat("%d:%02d min", whole / 60, whole % 60);
  return absl::StrFormat("%d:%02d h", whole / 3600, whole / 60 % 60);
}

std::string TimeText(absl::Time time) {
  if (time == absl::InfinitePast()) return "-";
  return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::LocalTimeZone());
}

std::string Table(const std::vector<Row>& rows, int width) {
  const std::vector<TextColumn> columns = {
      {"run", false, true},
      {"agent", false, true},
      {"model", false, true, true},
      {"data"},
      {"ranks", true, false, true},
      {"seed", true, false, true},
      {"state"},
      {"done", true},
      {"accuracy", true},
      {"forgetting", true},
      {"images/s", true, false, true},
      {"duration", true, false, true},
      {"when", false, false, true},
      {"experiment", false, true, true},
  };
  std::vector<std::vector<std::string>> cells;
  bool some_generated = false;
  for (const Row& row : rows) {
    some_generated = some_generated || IsGenerated(row);
    const std::optional<double> rate = row.run.images_per_second();
    cells.push_back(
        {row.folder, row.agent, row.model,
         absl::StrCat(row.dataset, IsGenerated(row) ? "*" : ""),
         absl::StrCat(row.world_size), absl::StrCat(row.run.run.info.seed),
         RunStateName(row.run.state),
         absl::StrFormat("%.0f%%", std::floor(100 * row.run.fraction())),
         AccuracyText(row.accuracy), AccuracyText(row.forgetting),
         rate.has_value() ? absl::StrFormat("%.0f", *rate) : "-",
         DurationText(row.run.seconds()), TimeText(row.run.run.started),
         row.run.run.info.experiment});
  }
  return absl::StrCat(
      TextTable(columns, cells, width),
      some_generated ? "* generated data: a stand-in, not the real set\n" : "");
}

nlohmann::ordered_json JsonOfRow(const Row& row) {
  using Json = nlohmann::ordered_json;
  const auto number = [](const std::optional<double>& value) {
    return value.has_value() ? Json(*value) : Json(nullptr);
  };
  const RunFolder& run = row.run;
  return {{"folder", run.path},
          {"run", run.id()},
          {"experiment", run.run.info.experiment},
          {"agent", row.agent},
          {"model", row.model},
          {"dataset", row.dataset},
          {"generated_data", IsGenerated(row)},
          {"world_size", row.world_size},
          {"seed", run.run.info.seed},
          {"state", RunStateName(run.state)},
          {"position", run.Position()},
          {"run_fraction", run.fraction()},
          {"average_incremental_accuracy", number(row.accuracy)},
          {"forgetting", number(row.forgetting)},
          {"images_per_second", number(run.images_per_second())},
          {"seconds", run.seconds()},
          {"started",
           run.run.started == absl::InfinitePast()
               ? Json(nullptr)
               : Json(absl::FormatTime(absl::RFC3339_sec, run.run.started,
                                       absl::UTCTimeZone()))},
          {"error", run.error}};
}

absl::Status Parse(const std::vector<std::string>& arguments, std::ostream& out,
                   Options* options, bool* is_answered) {
  std::vector<std::string> fields = {"folder"};
  for (const auto& [name, key] : Keys()) fields.push_back(name);
  std::vector<std::string> states;
  for (const RunState state : {RunState::kFinished, RunState::kRunning,
                               RunState::kFailed, RunState::kUnfinished}) {
    states.push_back(RunStateName(state));
  }
  VerbLine line("runs", kUsage, kHelp);
  line.Text("agent", "NAMES", "only runs of these, separated by commas",
            &options->agents);
  line.Text("dataset", "NAMES", "only runs on these", &options->datasets);
  line.Choice("state", "STATE", states, "only runs that are", &options->state);
  line.Choice("sort", "FIELD", fields,
              "largest or newest first; folder: by name [when]",
              &options->sort);
  line.Switch("json", "an array of objects: accuracies in [0, 1], seconds",
              &options->json);
  line.Parse(arguments);
  *is_answered = line.wants_help();
  if (line.wants_help()) out << line.Help();
  if (line.words().size() > 1) {
    line.AddProblem("expected one DIR, found ", line.words().size());
  } else if (!line.words().empty()) {
    options->directory = line.words()[0];
  }
  return line.status();
}

}  // namespace

absl::Status RunRunsCommand(const std::vector<std::string>& arguments,
                            int width, std::ostream& out) {
  Options options;
  bool is_answered = false;
  REPRISE_RETURN_IF_ERROR(Parse(arguments, out, &options, &is_answered));
  if (is_answered) return absl::OkStatus();
  const std::string directory = ResolveUserPath(options.directory);
  REPRISE_ASSIGN_OR_RETURN(const FoundRuns found, FindRuns(directory));
  const std::vector<std::string>& folders = found.folders;
  std::vector<Row> rows;
  absl::Status first;
  int64_t unreadable = 0;
  RunFolderOptions few;
  few.most_steps = 2;
  for (const std::string& folder : folders) {
    absl::StatusOr<RunFolder> run = ReadRunFolder(folder, few);
    if (!run.ok()) {
      std::error_code error;
      // Meanwhile removed.
      if (!std::filesystem::exists(folder, error) && !error) continue;
      first.Update(run.status());
      ++unreadable;
      continue;
    }
    Row row = RowOf(*std::move(run), directory);
    if (IsWanted(row, options)) rows.push_back(std::move(row));
  }
  Sort(options.sort, &rows);
  if (options.json) {
    nlohmann::ordered_json array = nlohmann::ordered_json::array();
    for (const Row& row : rows) array.push_back(JsonOfRow(row));
    out << array.dump(1, ' ', false,
                      nlohmann::ordered_json::error_handler_t::replace)
        << "\n";
  } else if (rows.empty()) {
    out << "no runs" << (folders.empty() ? "" : " of that kind") << " in "
        << directory << "\n";
  } else {
    out << Table(rows, width);
  }
  out.flush();
  if (first.ok()) return found.unread;
  return Annotate(first, absl::StrCat(unreadable, " of ", folders.size(),
                                      " runs cannot be read, the first"));
}

}  // namespace reprise
