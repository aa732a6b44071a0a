// What the C library does with memory that a program has freed.
#ifndef REPRISE_CORE_BASE_FREED_MEMORY_H_
#define REPRISE_CORE_BASE_FREED_MEMORY_H_

namespace reprise {

// Keeps it for the next allocation. Tensors of a step come and go; memory given
// back to the system between steps costs 1.6 us per page when it is touched
// again (a fifth of MNISTNet's step). Not so the largest, of which only
// CANDLENet's step has any: kept, each leaves a hole that the next one may not
// fit in.
void KeepFreedMemory();

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_FREED_MEMORY_H_
