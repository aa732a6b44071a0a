#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "launch/data/dataset_table.h"
#include "launch/data/rows/dataset_row.h"
#include "launch/settings/components/component.h"

namespace reprise {
namespace {

const Bind<ScenarioOptions> kTasks(&ExperimentSpec::tasks);

// A list of classes, or a seed.
std::optional<Misfit> StoreClassOrder(const LiteralValue& value,
                                      ScenarioOptions* options) {
  std::vector<int64_t> order;
  std::optional<uint64_t> seed;
  int64_t number = 0;
  std::optional<Misfit> misfit;
  if (const LiteralList* items = std::get_if<LiteralList>(&value.value)) {
    for (const LiteralValue& item : *items) {
      misfit = StoreLiteral(item, 0, &number);
      if (misfit.has_value()) return misfit;
      order.push_back(number);
    }
  } else if (!value.IsNone()) {
    misfit = StoreLiteral(value, 0, &number);
    if (misfit.has_value()) return misfit;
    seed = static_cast<uint64_t>(number);
  }
  options->class_order = std::move(order);
  options->class_order_seed = seed;
  return std::nullopt;
}

LiteralValue ClassOrderLiteral(const ScenarioOptions& options) {
  if (options.class_order_seed.has_value()) {
    return LiteralOf(static_cast<int64_t>(*options.class_order_seed));
  }
  LiteralValue literal;
  if (options.class_order.empty()) return literal;
  LiteralList order;
  for (const int64_t label : options.class_order) {
    order.push_back(LiteralOf(label));
  }
  literal.value = std::move(order);
  return literal;
}

SettingKey ClassOrderKey() {
  const DictKey<ScenarioOptions> key = {"class_order", StoreClassOrder,
                                        ClassOrderLiteral};
  return {OfPart(&ExperimentSpec::tasks, key), "(a list or a seed)", "",
          nullptr};
}

std::vector<SettingKey> TaskKeys() {
  using O = ScenarioOptions;
  return {kTasks.Key("scenario", &O::kind).Help("or 'instance'"),
          kTasks.Key("initial_increment", &O::initial_increment),
          kTasks.Key("increment", &O::increment),
          kTasks.Key("num_tasks", &O::num_tasks, 1).Help("(of 'instance')"),
          kTasks.Key("concatenate_tasksets", &O::concatenate_tasksets),
          ClassOrderKey()};
}

// One that a nearer source's scenario leaves without a use is not meant.
void CheckTasks(ResolvedSettings& resolved) {
  if (resolved.is_complete) return;
  const Level num_tasks = resolved.LevelOf("tasksets-config.num_tasks");
  if (resolved.spec.tasks.kind == ScenarioOptions::Kind::kClass &&
      num_tasks > Level::kDefault &&
      num_tasks >= resolved.LevelOf("tasksets-config.scenario")) {
    resolved.AddProblem(
        "--tasksets-config: 'num_tasks' has no meaning in the class scenario, "
        "whose tasks follow from 'increment' (classes a task); give "
        "'increment', or 'scenario': 'instance'");
  }
}

}  // namespace

Component DataFlags() {
  const Bind<DataSettings> data(&ExperimentSpec::data);
  using D = DataSettings;
  std::vector<std::string> names;
  for (const DatasetRow& row : DatasetTable()) names.push_back(row.name);
  return {
      "Data and tasks",
      {data.OneOf("dataset", &D::dataset, "NAME", "the data set", names),
       data.Path("dataset-dir", &D::dataset_dir, "DIR",
                 "folder of data sets; without it $REPRISE_DATASETS, "
                 "./datasets, then ~/datasets"),
       DictSetting("tasksets-config", "", TaskKeys()),
       data("shard", &D::shard, "each rank keeps its part of a task's samples"),
       data("dataloader-workers", &D::dataloader_workers, "N",
            "accepted for upstream's scripts; has no effect")
           .From(0)
           .Unused([](const ExperimentSpec&) -> std::string {
             return "data sets are held in memory";
           })},
      nullptr,
      CheckTasks};
}

}  // namespace reprise
