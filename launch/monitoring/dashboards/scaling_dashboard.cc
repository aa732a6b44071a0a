#include "absl/strings/str_cat.h"
#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

constexpr char kRunName[] = "$tag_agent $tag_world_size ranks $tag_run";
constexpr char kRate[] = "sum({incoming_samples}) * 1.0 / sum({seconds})";

InfluxQuery Epochs(absl::string_view expression, absl::string_view column,
                   const std::vector<std::string>& tags) {
  InfluxQuery query("reprise_train_epoch");
  query.Select(expression, column).By(tags);
  return query;
}

// Bars of a value of epochs, by world size, a colour for each agent.
PanelBuilder ByRanks(absl::string_view title, absl::string_view expression) {
  return PanelBuilder(
      title, {{Epochs(expression, "value", {"agent", "world_size"}), ""}});
}

std::string ShareOfEpoch(absl::string_view phase) {
  return absl::StrCat("sum({phase_", phase, "_seconds}) / sum({seconds})");
}

DashboardRow Speed() {
  const InfluxQuery rates = Epochs(kRate, "images a second", {"world_size"});
  return {
      "Speed by number of ranks",
      {ByRanks("Images a second", kRate)
           .Unit("samples/second")
           .Describe("incoming_samples of all ranks over seconds of training, "
                     "of all epochs in the time range")
           .Bars("value", "world_size", "agent"),
       PanelBuilder("Efficiency", {{rates, ""}})
           .Unit("")
           .Describe("speed-up: over the images a second of one rank; "
                     "efficiency: speed-up by number of ranks, 1 is ideal. Of "
                     "the runs chosen, which should differ in their ranks "
                     "only; both are not there without a run on one rank")
           .TableWithQuotients("world_size",
                               {{"speed-up", "images a second", "$baseline"},
                                {"efficiency", "speed-up", "world_size"}})}};
}

DashboardRow Communication() {
  return {"Waits and overlap by number of ranks",
          {ByRanks("Reduction wait, of an epoch's time",
                   ShareOfEpoch("reduction_wait"))
               .Unit("ratio")
               .Size(8, 8)
               .Bars("value", "world_size", "agent"),
           ByRanks("Rehearsal wait, of an epoch's time",
                   ShareOfEpoch("rehearsal_wait"))
               .Unit("ratio")
               .Size(8, 8)
               .Bars("value", "world_size", "agent"),
           ByRanks("Overlap of reduction and backward", "mean({overlap_share})")
               .UpTo(1)
               .Size(8, 8)
               .Bars("value", "world_size", "agent")}};
}

DashboardRow Course() {
  const auto lines = [](absl::string_view title, absl::string_view expression,
                        absl::string_view unit) {
    InfluxQuery query = Epochs(expression, "", {"agent", "world_size", "run"});
    query.OverTime();
    return PanelBuilder(title, {{query, kRunName}}).Unit(unit).Lines();
  };
  InfluxQuery bytes("reprise_task_end");
  bytes.Select("last({exchange_bytes})")
      .By({"agent", "world_size", "run"})
      .OverTime();
  return {
      "Over time",
      {lines("Images a second", kRate, "samples/second"),
       lines("Waiting for other ranks, of an epoch's time",
             "(sum({phase_reduction_wait_seconds}) + "
             "sum({phase_rehearsal_wait_seconds})) / sum({seconds})",
             "ratio"),
       lines("Seconds an epoch", "mean({seconds})", "seconds"),
       PanelBuilder("Bytes sent for rehearsal by rank 0", {{bytes, kRunName}})
           .Lines()}};
}

// Images a second of one rank, the measure of efficiency.
std::string Baseline() {
  InfluxQuery query = Epochs(kRate, "", {});
  query.Where("{world_size} = '1'");
  return query.Text();
}

}  // namespace

Dashboard ScalingDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-scaling";
  dashboard.title = "Reprise: scaling and communication";
  dashboard.description =
      "Runs on different numbers of ranks: speed, efficiency, what they wait "
      "for, what they send. Phases are rank 0's.";
  dashboard.from = "now-7d";
  dashboard.variables = {HiddenVariable("baseline", Baseline())};
  dashboard.rows = {Speed(), Communication(), Course()};
  return dashboard;
}

}  // namespace reprise
