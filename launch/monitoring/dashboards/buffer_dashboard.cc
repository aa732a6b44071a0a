#include "absl/strings/str_cat.h"
#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

constexpr char kRunName[] = "$tag_agent $tag_run";

// The latest report of `field` by class (or rank) and run.
Panel LatestBars(absl::string_view title, absl::string_view measurement,
                 absl::string_view tag, absl::string_view field) {
  InfluxQuery query(measurement);
  query.Select(absl::StrCat("last({", field, "})"), "value")
      .By({"run", std::string(tag)});
  return PanelBuilder(title, {{query, ""}}).Bars("value", tag, "run");
}

// At the end of each task, stacked over classes, once for each run.
Panel ClassesOverTime(absl::string_view title, absl::string_view field) {
  InfluxQuery query("reprise_class");
  query.Select(absl::StrCat("last({", field, "})"))
      .By({"run", "class"})
      .OverTime();
  return PanelBuilder(absl::StrCat(title, ", $run"),
                      {{query, "class $tag_class"}})
      .RepeatBy("run")
      .Size(8, 8)
      .StackedLines();
}

Panel OfTaskEnds(absl::string_view title, absl::string_view field) {
  InfluxQuery query("reprise_task_end");
  query.Select(absl::StrCat("last({", field, "})"))
      .By({"agent", "run"})
      .OverTime();
  return PanelBuilder(title, {{query, kRunName}}).Size(8, 8).Lines();
}

Panel OfEpochs(absl::string_view title, absl::string_view expression,
               absl::string_view unit) {
  InfluxQuery query("reprise_train_epoch");
  query.Select(expression).By({"agent", "run"}).OverTime();
  return PanelBuilder(title, {{query, kRunName}}).Unit(unit).Size(8, 8).Lines();
}

}  // namespace

Dashboard BufferDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-buffer";
  dashboard.title = "Reprise: rehearsal buffer";
  dashboard.description =
      "What the buffer holds at the end of each task and what it costs. NIL "
      "and ER report stored, unique, candidates, age and bytes; iCaRL its "
      "exemplars; fine-tuning nothing.";
  dashboard.from = "now-24h";
  dashboard.refresh = "10s";
  dashboard.rows = {
      {"Now",
       {LatestBars("Representatives by class", "reprise_class", "class",
                   "stored"),
        LatestBars("Different samples by class", "reprise_class", "class",
                   "unique"),
        LatestBars("Candidates ever offered by class", "reprise_class", "class",
                   "class_count"),
        LatestBars("Weight by class", "reprise_class", "class", "class_weight"),
        LatestBars("Exemplars by class", "reprise_class", "class", "exemplars"),
        LatestBars("Representatives by rank", "reprise_rank", "rank", "stored"),
        LatestBars("Different samples by rank", "reprise_rank", "rank",
                   "unique")}},
      {"Cost and age",
       {OfTaskEnds("Bytes of the buffer", "buffer_bytes"),
        OfTaskEnds("Mean age", "mean_age_steps"),
        OfTaskEnds("Bytes sent for rehearsal", "exchange_bytes"),
        OfEpochs("Representatives an epoch", "sum({representatives})",
                 "samples"),
        OfEpochs("Representatives' share of the weight",
                 "mean({representative_weight_share})", "ratio"),
        OfEpochs("Rehearsal wait, of an epoch's time",
                 "sum({phase_rehearsal_wait_seconds}) / sum({seconds})",
                 "ratio")}},
      {"Occupancy over time", {ClassesOverTime("Representatives", "stored")}},
      {"Exemplars over time", {ClassesOverTime("Exemplars", "exemplars")}},
  };
  return dashboard;
}

}  // namespace reprise
