#include "launch/report/report_command.h"

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/environment.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "launch/cli/verb/verb_line.h"
#include "launch/report/comparison/comparison.h"
#include "launch/report/report_page.h"
#include "launch/report/run_folder.h"
#include "launch/report/run_model.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kUsage[] =
    "reprise report RUN... [--output=FILE] [--cost-model=FILE]";

constexpr char kText[] =
    R"(Writes one HTML page that needs no network: of one RUN (the folder of a run,
finished or not) its accuracy matrix, forgetting, training, time, buffer,
configuration and provenance; of several RUNs a comparison.
  reprise report results/20240229-235959
  reprise report results/nil-* results/icarl-* --output=agents.html
Runs that differ in nothing but their seed are one group, of which the mean and
its 95 % interval are shown. A run writes its own report.html when it ends.)";

absl::Status WritePage(std::vector<Json> runs,
                       const std::optional<CostModel>& cost_model,
                       const std::string& path) {
  return ReplaceFile(path,
                     {ReportPage(ReportModel(std::move(runs), cost_model))});
}

}  // namespace

absl::Status RunReportCommand(const std::vector<std::string>& arguments,
                              std::ostream& out) {
  std::string output, cost_model_path;
  VerbLine line("report", kUsage, kText);
  line.Text("output", "FILE",
            "the page; without it RUN/report.html, of several ./report.html",
            &output);
  line.Text("cost-model", "FILE",
            "what to expect of more ranks, of tests/scaling/cost_model.py "
            "efficiency",
            &cost_model_path);
  line.Parse(arguments);
  if (line.wants_help()) {
    out << line.Help();
    return absl::OkStatus();
  }
  if (line.words().empty()) line.AddProblem("expected the folder of a run");
  REPRISE_RETURN_IF_ERROR(line.status());
  RunFolderOptions options;
  // A comparison draws none.
  if (line.words().size() > 1) options.most_steps = 2;
  std::vector<Json> runs;
  for (const std::string& word : line.words()) {
    REPRISE_ASSIGN_OR_RETURN(const RunFolder run,
                             ReadRunFolder(ResolveUserPath(word), options));
    runs.push_back(RunModel(run));
  }
  std::optional<CostModel> cost_model;
  if (!cost_model_path.empty()) {
    REPRISE_ASSIGN_OR_RETURN(cost_model,
                             ReadCostModel(ResolveUserPath(cost_model_path)));
  }
  if (output.empty() && runs.size() == 1) {
    output = absl::StrCat(line.words()[0], "/report.html");
  }
  const std::string path =
      ResolveUserPath(output.empty() ? "report.html" : output);
  REPRISE_RETURN_IF_ERROR(WritePage(std::move(runs), cost_model, path));
  out << "report: " << path << std::endl;
  return absl::OkStatus();
}

absl::Status WriteRunReport(const std::string& folder,
                            const absl::Status& ended) {
  REPRISE_ASSIGN_OR_RETURN(const RunFolder run, ReadRunFolder(folder));
  Json model = RunModel(run);
  // The process that writes it is still there, and its error not yet told.
  if (!ended.ok()) {
    model["state"] = RunStateName(RunState::kFailed);
    model["error"] = std::string(ended.message());
  }
  return WritePage({std::move(model)}, std::nullopt, folder + "/report.html");
}

}  // namespace reprise
