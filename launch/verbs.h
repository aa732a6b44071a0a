// The verbs of the program: a row each, and the only list of them.
#ifndef REPRISE_LAUNCH_VERBS_H_
#define REPRISE_LAUNCH_VERBS_H_

#include <string>
#include <vector>

#include "launch/cli/argument_scanner.h"
#include "launch/verb.h"

namespace reprise {

// The first is the default: a command line need not name it.
const std::vector<Verb>& Verbs();

// Their names, as a command line's scanner takes them.
VerbNames NamesOfVerbs();

// The verb that the arguments name, if it is built; else the default, which
// says what is wrong with a word that it does not know.
const Verb& VerbOf(const std::vector<std::string>& arguments);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_VERBS_H_
