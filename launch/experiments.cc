#include "launch/experiments.h"

namespace reprise {
namespace {

using Preset = std::vector<std::pair<std::string, std::string>>;

// Tasks {0-3}, {4-6}, {7-9}.
constexpr char kFourThenThree[] =
    "{'scenario': 'class', 'initial_increment': 4, 'increment': 3}";

Preset Mnist(const char* agent) {
  return {{"dataset", "mnist"}, {"model", "mnistnet"},
          {"agent", agent},     {"tasksets-config", kFourThenThree},
          {"optimizer", "SGD"}, {"lr", "0.01"},
          {"momentum", "0.5"}};
}

}  // namespace

const std::vector<Experiment>& Experiments() {
  static const std::vector<Experiment>& experiments =
      *new std::vector<Experiment>{
          {"reprise", "any agent, model and data set: everything by flags", {}},
          {"mnist_nil_mnistnet",
           "NIL (Munoz et al. 2020) with MNISTNet on MNIST, classes in tasks "
           "of 4, 3 and 3",
           Mnist("nil")},
      };
  return experiments;
}

const Experiment* FindExperiment(absl::string_view name) {
  for (const Experiment& experiment : Experiments()) {
    if (experiment.name == name) return &experiment;
  }
  return nullptr;
}

}  // namespace reprise
