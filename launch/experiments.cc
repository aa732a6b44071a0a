#include "launch/experiments.h"

namespace reprise {
namespace {

using Preset = std::vector<std::pair<std::string, std::string>>;

// Tasks {0-3}, {4-6}, {7-9}.
constexpr char kFourThenThree[] =
    "{'scenario': 'class', 'initial_increment': 4, 'increment': 3}";

Preset Of(const char* agent, const char* dataset, const char* model,
          Preset more) {
  Preset preset = {{"dataset", dataset},
                   {"model", model},
                   {"agent", agent},
                   {"tasksets-config", kFourThenThree},
                   {"optimizer", "SGD"}};
  preset.insert(preset.end(), more.begin(), more.end());
  return preset;
}

Preset Cifar10(const char* agent, const char* depth) {
  return Of(agent, "cifar10", "resnet",
            {{"model-config", depth},
             {"lr", "0.1"},
             {"momentum", "0.9"},
             {"weight-decay", "1e-4"},
             {"regime", "cifar"},
             {"augment", "standard"}});
}

Preset Mnist(const char* agent, const char* lr) {
  return Of(agent, "mnist", "mnistnet", {{"lr", lr}, {"momentum", "0.5"}});
}

}  // namespace

const std::vector<Experiment>& Experiments() {
  static const std::vector<Experiment>& experiments =
      *new std::vector<Experiment>{
          {"reprise", "any agent, model and data set: everything by flags", {}},
          {"cifar10_icarl_resnet34",
           "iCaRL (Rebuffi et al. 2017) with ResNet-34 on CIFAR-10, classes in "
           "tasks of 4, 3 and 3",
           Cifar10("icarl", "{'depth': 34}")},
          {"cifar10_icarl_resnet101",
           "iCaRL (Rebuffi et al. 2017) with ResNet-101 on CIFAR-10, classes "
           "in tasks of 4, 3 and 3",
           Cifar10("icarl", "{'depth': 101}")},
          {"cifar10_icarl_resnet152",
           "iCaRL (Rebuffi et al. 2017) with ResNet-152 on CIFAR-10, classes "
           "in tasks of 4, 3 and 3",
           Cifar10("icarl", "{'depth': 152}")},
          {"cifar10_nil_resnet34",
           "NIL (Munoz et al. 2020) with ResNet-34 on CIFAR-10, classes in "
           "tasks of 4, 3 and 3",
           Cifar10("nil", "{'depth': 34}")},
          {"cifar10_nil_resnet101",
           "NIL (Munoz et al. 2020) with ResNet-101 on CIFAR-10, classes in "
           "tasks of 4, 3 and 3",
           Cifar10("nil", "{'depth': 101}")},
          {"cifar10_nil_resnet152",
           "NIL (Munoz et al. 2020) with ResNet-152 on CIFAR-10, classes in "
           "tasks of 4, 3 and 3",
           Cifar10("nil", "{'depth': 152}")},
          {"mnist_icarl_mnistnet",
           "iCaRL (Rebuffi et al. 2017) with MNISTNet on MNIST, classes in "
           "tasks of 4, 3 and 3",
           Mnist("icarl", "0.05")},
          {"mnist_nil_mnistnet",
           "NIL (Munoz et al. 2020) with MNISTNet on MNIST, classes in tasks "
           "of 4, 3 and 3",
           Mnist("nil", "0.01")},
          {"candle_nil_candlenet",
           "NIL (Munoz et al. 2020) with CANDLENet on CANDLE's NT3, whose two "
           "classes make one task",
           Of("nil", "candle", "candlenet",
              {{"lr", "0.001"}, {"momentum", "0"}, {"batch-size", "20"}})},
      };
  return experiments;
}

std::vector<std::pair<std::string, std::string>> PublishedPreset(
    absl::string_view name, absl::string_view dataset, int64_t depth) {
  if (name == "none") return {};
  if (dataset == "candle") {
    return {
        {"epochs", "5"},
        {"batch-size", "20"},
        {"optimizer", "SGD"},
        {"lr", "0.001"},
        {"momentum", "0.5"},
        {"regime", "none"},
        {"agent-config", "{'num_representatives': 112, 'num_candidates': 4}"}};
  }
  return {{"epochs", "5"},
          {"batch-size", "128"},
          {"optimizer", "RMSprop"},
          {"lr", name == "2022-02" && dataset == "cifar10" && depth == 34
                     ? "0.0125"
                     : "0.0001"},
          {"momentum", "0.5"},
          {"weight-decay", "0"},
          {"regime", "none"},
          {"agent-config", "{'num_representatives': 6000}"}};
}

const Experiment* FindExperiment(absl::string_view name) {
  for (const Experiment& experiment : Experiments()) {
    if (experiment.name == name) return &experiment;
  }
  return nullptr;
}

}  // namespace reprise
