#include "launch/settings/experiments.h"

#include "absl/strings/str_cat.h"

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

std::string TitleOf(absl::string_view agent) {
  return agent == "icarl" ? "iCaRL (Rebuffi et al. 2017)"
                          : "NIL (Munoz et al. 2020)";
}

Experiment Cifar10(const char* agent, int depth) {
  return {absl::StrCat("cifar10_", agent, "_resnet", depth),
          absl::StrCat(TitleOf(agent), " with ResNet-", depth,
                       " on CIFAR-10, classes in tasks of 4, 3 and 3"),
          Of(agent, "cifar10", "resnet",
             {{"model-config", absl::StrCat("{'depth': ", depth, "}")},
              {"lr", "0.1"},
              {"momentum", "0.9"},
              {"weight-decay", "1e-4"},
              {"regime", "cifar"},
              {"augment", "standard"}})};
}

Experiment Mnist(const char* agent, const char* lr) {
  return {
      absl::StrCat("mnist_", agent, "_mnistnet"),
      absl::StrCat(TitleOf(agent),
                   " with MNISTNet on MNIST, classes in tasks of 4, 3 and 3"),
      Of(agent, "mnist", "mnistnet", {{"lr", lr}, {"momentum", "0.5"}})};
}

}  // namespace

const std::vector<Experiment>& Experiments() {
  static const std::vector<Experiment>& experiments =
      *new std::vector<Experiment>{
          {"reprise", "any agent, model and data set: everything by flags", {}},
          Cifar10("icarl", 34),
          Cifar10("icarl", 101),
          Cifar10("icarl", 152),
          Cifar10("nil", 34),
          Cifar10("nil", 101),
          Cifar10("nil", 152),
          Mnist("icarl", "0.05"),
          Mnist("nil", "0.01"),
          {"candle_nil_candlenet",
           absl::StrCat(TitleOf("nil"),
                        " with CANDLENet on CANDLE's NT3, whose two classes "
                        "make one task"),
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
