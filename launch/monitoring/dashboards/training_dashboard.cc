#include "absl/strings/str_cat.h"
#include "core/metrics/record_fields.h"
#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

constexpr char kRunName[] = "$tag_agent $tag_run";

// The latest report of each run.
InfluxQuery Latest(absl::string_view field) {
  InfluxQuery query("reprise_step");
  query.Select(absl::StrCat("last({", field, "})")).By({"agent", "run"});
  return query;
}

InfluxQuery Course(absl::string_view measurement, absl::string_view expression,
                   const std::vector<std::string>& tags) {
  InfluxQuery query(measurement);
  query.Select(expression).By(tags).OverTime();
  return query;
}

PanelQuery OfEpochs(absl::string_view expression, absl::string_view name) {
  return {Course("reprise_train_epoch", expression, {"agent", "run"}),
          absl::StrCat(name, " ", kRunName)};
}

DashboardRow Now() {
  const auto number = [](absl::string_view title, absl::string_view field) {
    return PanelBuilder(title, {{Latest(field), kRunName}}).Size(5, 5);
  };
  return {"Now",
          {PanelBuilder("Progress", {{Latest("run_fraction"), kRunName}})
               .Size(4, 5)
               .UpTo(1)
               .Gauge(),
           number("Loss", "loss").Numbers(),
           number("Training accuracy", "accuracy").Numbers(),
           number("Images a second", "images_per_second").Numbers(),
           number("Learning rate", "learning_rate").Numbers()}};
}

DashboardRow Learning() {
  InfluxQuery tests =
      Course("reprise_test", "mean({top1})", {"agent", "run", "test_task"});
  tests.Where("{primary} = true");
  return {
      "Learning",
      {PanelBuilder("Loss of the epoch so far",
                    {{Course("reprise_step", "mean({loss})", {"agent", "run"}),
                      kRunName}})
           .Lines(),
       PanelBuilder(
           "Losses of epochs",
           {OfEpochs("mean({loss})", "objective"),
            OfEpochs("mean({incoming_loss})", "incoming"),
            OfEpochs("mean({representative_loss})", "representatives")})
           .Lines(),
       PanelBuilder("Training accuracy by task",
                    {{Course("reprise_step", "mean({accuracy})",
                             {"agent", "run", "task"}),
                      absl::StrCat("task $tag_task ", kRunName)}})
           .UpTo(1)
           .Lines(),
       PanelBuilder("Test accuracy by test task",
                    {{tests, absl::StrCat("task $tag_test_task ", kRunName)}})
           .UpTo(1)
           .Lines()}};
}

DashboardRow Speed() {
  const auto lines = [](absl::string_view title, absl::string_view field) {
    return PanelBuilder(title, {{Course("reprise_step",
                                        absl::StrCat("mean({", field, "})"),
                                        {"agent", "run"}),
                                 kRunName}})
        .Size(8, 8)
        .Lines();
  };
  return {"Speed",
          {lines("Images a second", "images_per_second"),
           lines("Learning rate", "learning_rate"),
           lines("Progress", "run_fraction")}};
}

DashboardRow Time() {
  std::vector<PanelQuery> phases;
  ForEachPhase(PhaseSeconds{}, [&](const char* phase, double) {
    phases.push_back(
        OfEpochs(absl::StrCat("mean({phase_", phase, "_seconds})"), phase));
  });
  const auto share_of_epoch = [](absl::string_view title,
                                 absl::string_view phase) {
    return PanelBuilder(title,
                        {OfEpochs(absl::StrCat("sum({phase_", phase,
                                               "_seconds}) / sum({seconds})"),
                                  "")})
        .Unit("ratio")
        .Size(8, 8)
        .Lines();
  };
  return {
      "Where time goes",
      {PanelBuilder("Time by phase", std::move(phases))
           .Describe("phase_seconds: shares of an epoch's time by phase, "
                     "of rank 0")
           .Size(24, 9)
           .StackedShares(),
       share_of_epoch("Reduction wait, of an epoch's time", "reduction_wait"),
       share_of_epoch("Rehearsal wait, of an epoch's time", "rehearsal_wait"),
       PanelBuilder("Overlap of reduction and backward",
                    {OfEpochs("mean({overlap_share})", "")})
           .UpTo(1)
           .Size(8, 8)
           .Lines()}};
}

}  // namespace

Dashboard TrainingDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-training";
  dashboard.title = "Reprise: training live";
  dashboard.description =
      "Runs as they train: loss, accuracy, speed, where time goes. A step's "
      "values are rank 0's of the epoch so far, an epoch's those of all ranks.";
  dashboard.from = "now-30m";
  dashboard.refresh = "5s";
  dashboard.rows = {Now(), Learning(), Speed(), Time()};
  return dashboard;
}

}  // namespace reprise
