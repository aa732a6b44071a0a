// The cores that this process may use.
#ifndef REPRISE_CORE_BASE_CORES_H_
#define REPRISE_CORE_BASE_CORES_H_

namespace reprise {

// As many as its affinity allows; all of the machine where that is not known.
int UsableCores();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_CORES_H_
