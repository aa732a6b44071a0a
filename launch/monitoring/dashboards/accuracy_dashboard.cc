#include "absl/strings/str_cat.h"
#include "launch/monitoring/dashboards/dashboard_table.h"

namespace reprise {
namespace {

constexpr char kRunName[] = "$tag_agent $tag_run";

// Evaluations by the method's own classifier, those before training left out as
// they are of the accuracy matrix (core/metrics/accuracy).
InfluxQuery Evaluations() {
  InfluxQuery query("reprise_test");
  query.Where("{primary} = true").Where("{epoch} > 0");
  return query;
}

// a(i,j) as "accuracy": the last evaluation of test task j within task i.
InfluxQuery MatrixEntries() {
  InfluxQuery query = Evaluations();
  query.Select("last({top1})", "accuracy")
      .By({"agent", "run", "task", "test_task"});
  return query;
}

// A(i) and S(i) of a run at the end of task i.
InfluxQuery TaskMeans() {
  InfluxQuery query = InfluxQuery::Of(MatrixEntries());
  query.Select("mean({accuracy})", "mean").By({"agent", "run", "task"});
  return query;
}

InfluxQuery SampleMeans() {
  InfluxQuery last = Evaluations();
  last.Select("last({correct})", "correct")
      .Select("last({samples})", "samples")
      .By({"agent", "run", "task", "test_task"});
  InfluxQuery query = InfluxQuery::Of(last);
  query.Select("sum({correct}) * 1.0 / sum({samples})", "mean")
      .By({"agent", "run", "task"});
  return query;
}

InfluxQuery AverageIncremental() {
  InfluxQuery query = InfluxQuery::Of(SampleMeans());
  query.Select("mean({mean})", "value").By({"agent", "run"});
  return query;
}

// 1/(T-1) times the sum over test tasks of `change`, which is of the column of
// the matrix that a test task is; that of the last task is 0.
InfluxQuery OverEarlierTasks(absl::string_view change) {
  InfluxQuery by_test_task = InfluxQuery::Of(MatrixEntries());
  by_test_task.Select(change, "change").By({"agent", "run", "test_task"});
  InfluxQuery query = InfluxQuery::Of(by_test_task);
  query.Select("sum({change}) / (count({change}) - 1)", "value")
      .By({"agent", "run"});
  return query;
}

Panel Measure(absl::string_view title, const InfluxQuery& query,
              absl::string_view description) {
  return PanelBuilder(title, {{query, kRunName}})
      .Unit("ratio")
      .Describe(description)
      .Size(8, 7)
      .Gauge();
}

DashboardRow Measures() {
  return {
      "Measures by run",
      {Measure("Average incremental accuracy", AverageIncremental(),
               "1/T sum_i S(i), S(i) over all samples of the tasks seen"),
       Measure(
           "Forgetting", OverEarlierTasks("max({accuracy}) - last({accuracy})"),
           "1/(T-1) sum_{j<T} [max_{j<=i<=T} a(i,j) - a(T,j)]. InfluxQL cannot "
           "leave the last task out of the maximum: a task whose accuracy is "
           "highest at the end counts 0, where summary.json counts less. 0 "
           "where there is one task"),
       Measure("Backward transfer",
               OverEarlierTasks("last({accuracy}) - first({accuracy})"),
               "1/(T-1) sum_{j<T} [a(T,j) - a(j,j)]; 0 where there is one "
               "task")}};
}

DashboardRow Course() {
  InfluxQuery over_time("reprise_test");
  over_time.Where("{primary} = true")
      .Select("mean({top1})")
      .By({"agent", "run", "test_task"})
      .OverTime();
  InfluxQuery at_end = Evaluations();
  at_end.Select("last({top1})", "accuracy").By({"run", "test_task"});
  return {"Accuracy by task",
          {PanelBuilder(
               "Accuracy on each test task over time",
               {{over_time, absl::StrCat("task $tag_test_task ", kRunName)}})
               .Size(24, 9)
               .UpTo(1)
               .Lines(),
           PanelBuilder("Mean over the tasks seen, A(i), after each task",
                        {{TaskMeans(), ""}})
               .Unit("ratio")
               .Describe("A(i) = 1/i sum_{j<=i} a(i,j)")
               .UpTo(1)
               .Bars("mean", "task", "run"),
           PanelBuilder("Over all samples seen, S(i), after each task",
                        {{SampleMeans(), ""}})
               .Unit("ratio")
               .Describe("S(i) = sum_{j<=i} n(j) a(i,j) / sum_{j<=i} n(j)")
               .UpTo(1)
               .Bars("mean", "task", "run"),
           PanelBuilder("Latest accuracy on each test task", {{at_end, ""}})
               .UpTo(1)
               .Size(24, 8)
               .Bars("accuracy", "test_task", "run")}};
}

DashboardRow Matrices() {
  return {"Accuracy matrices",
          {PanelBuilder("$run", {{MatrixEntries(), ""}})
               .Describe("a(i,j): row i, accuracy on each test task j after "
                         "task i has ended")
               .UpTo(1)
               .Size(8, 8)
               .RepeatBy("run")
               .Matrix("accuracy", "task", "test_task")}};
}

DashboardRow Runs() {
  InfluxQuery runs("reprise_run_start");
  runs.Select("last({num_tasks})", "tasks")
      .Select("last({epochs_per_task})", "epochs per task")
      .Select("last({seed})", "seed")
      .Select("last({generated_data})", "generated data")
      .By({"run", "experiment", "agent", "model", "dataset", "world_size"});
  InfluxQuery heads("reprise_test");
  heads.Where("{epoch} > 0")
      .Select("last({top1})", "top1")
      .Select("last({top5})", "top5")
      .Select("last({loss})", "loss")
      .By({"run", "agent", "head", "task", "test_task"});
  InfluxQuery ends("reprise_run_end");
  ends.Select("last({seconds})", "seconds")
      .Select("last({training_seconds})", "training seconds")
      .Select("last({incoming_samples})", "incoming samples")
      .By({"run", "agent"});
  return {"Runs",
          {PanelBuilder("Runs", {{runs, ""}})
               .Unit("")
               .Describe("Runs that began in the time range. Accuracies on "
                         "generated data say nothing about the real data set")
               .Size(14, 8)
               .Table(),
           PanelBuilder("Runs that have ended", {{ends, ""}})
               .Unit("")
               .Describe("seconds: training and evaluation; incoming samples: "
                         "trained, of all ranks")
               .Size(10, 8)
               .Table(),
           PanelBuilder("Every classifier", {{heads, ""}})
               .Unit("")
               .Describe("top1, top5 and loss after each task, of all heads; "
                         "ratios in [0, 1]")
               .Size(24, 9)
               .Table()}};
}

}  // namespace

Dashboard AccuracyDashboard() {
  Dashboard dashboard;
  dashboard.uid = "reprise-accuracy";
  dashboard.title = "Reprise: continual-learning results";
  dashboard.description =
      "What runs have learnt and forgotten, side by side: a(i,j), the measures "
      "of docs/METRICS.md, the accuracy matrix. By the method's own classifier "
      "unless a panel says otherwise.";
  dashboard.from = "now-24h";
  dashboard.rows = {Measures(), Course(), Matrices(), Runs()};
  return dashboard;
}

}  // namespace reprise
