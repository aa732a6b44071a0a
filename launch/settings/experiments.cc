#include "launch/settings/experiments.h"

#include "absl/strings/str_cat.h"

namespace reprise {
namespace {

// Data sets that presets are for.
constexpr char kMnist[] = "mnist";
constexpr char kCifar10[] = "cifar10";
constexpr char kCandle[] = "candle";

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

struct Method {
  const char *agent, *title;
};
constexpr Method kIcarl = {"icarl", "iCaRL (Rebuffi et al. 2017)"};
constexpr Method kNil = {"nil", "NIL (Munoz et al. 2020)"};

Experiment Cifar10(const Method& method, int depth) {
  return {absl::StrCat("cifar10_", method.agent, "_resnet", depth),
          absl::StrCat(method.title, " with ResNet-", depth,
                       " on CIFAR-10, classes in tasks of 4, 3 and 3"),
          Of(method.agent, kCifar10, "resnet",
             {{"model-config", absl::StrCat("{'depth': ", depth, "}")},
              {"lr", "0.1"},
              {"momentum", "0.9"},
              {"weight-decay", "1e-4"},
              {"regime", "cifar"},
              {"augment", "standard"}})};
}

Experiment Mnist(const Method& method, const char* lr) {
  return {
      absl::StrCat("mnist_", method.agent, "_mnistnet"),
      absl::StrCat(method.title,
                   " with MNISTNet on MNIST, classes in tasks of 4, 3 and 3"),
      Of(method.agent, kMnist, "mnistnet", {{"lr", lr}, {"momentum", "0.5"}})};
}

}  // namespace

const std::vector<Experiment>& Experiments() {
  static const std::vector<Experiment>& experiments =
      *new std::vector<Experiment>{
          {"reprise", "any agent, model and data set: everything by flags", {}},
          Cifar10(kIcarl, 34),
          Cifar10(kIcarl, 101),
          Cifar10(kIcarl, 152),
          Cifar10(kNil, 34),
          Cifar10(kNil, 101),
          Cifar10(kNil, 152),
          Mnist(kIcarl, "0.05"),
          Mnist(kNil, "0.01"),
          {"candle_nil_candlenet",
           absl::StrCat(kNil.title,
                        " with CANDLENet on CANDLE's NT3, whose two classes "
                        "make one task"),
           Of(kNil.agent, kCandle, "candlenet",
              {{"lr", "0.001"}, {"momentum", "0"}, {"batch-size", "20"}})},
      };
  return experiments;
}

Preset PresetOfPublication(Publication publication, absl::string_view dataset,
                           int64_t depth) {
  if (publication == Publication::kNone) return {};
  if (dataset == kCandle) {
    return {
        {"epochs", "5"},
        {"batch-size", "20"},
        {"optimizer", "SGD"},
        {"lr", "0.001"},
        {"momentum", "0.5"},
        {"regime", "none"},
        {"agent-config", "{'num_representatives': 112, 'num_candidates': 4}"}};
  }
  const bool raised = publication == Publication::kFebruary2022 &&
                      dataset == kCifar10 && depth == 34;
  return {{"epochs", "5"},
          {"batch-size", "128"},
          {"optimizer", "RMSprop"},
          {"lr", raised ? "0.0125" : "0.0001"},
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
