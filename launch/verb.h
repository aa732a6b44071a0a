// One of the things that the program can be asked to do. Free of LibTorch.
#ifndef REPRISE_LAUNCH_VERB_H_
#define REPRISE_LAUNCH_VERB_H_

#include <string>
#include <vector>

#include "launch/cli/argument_scanner.h"
#include "launch/settings/experiments.h"

namespace reprise {

struct VerbCall {
  const Experiment* experiment = nullptr;  // of the program
  // Without the program's name; the verb, where it was given, comes first.
  std::vector<std::string> arguments;
  VerbNames verbs;        // of the table, for messages about other words
  char** argv = nullptr;  // of main, for a second start of the process
};

struct Verb {
  const char* name;
  // Returns the exit code. nullptr: not built yet, known by name only.
  int (*run)(const VerbCall& call);
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_VERB_H_
