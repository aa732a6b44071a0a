// Memory between pages that nobody may touch: generated code (oneDNN's
// kernels), which no sanitizer sees, ends in SIGSEGV at its first access
// outside a block.
//
// Every block has pages of its own between two inaccessible ones, and lies
// right against one of them; what is left of its pages is filled with a pattern
// that is checked when the block is freed. New blocks are filled with bytes
// 0xFF, NaN in every type, so that what is read before it is written shows in
// the results. A freed block's pages are inaccessible at once and never used
// again.
#ifndef REPRISE_TESTS_CONVOLUTION_GUARDED_MEMORY_H_
#define REPRISE_TESTS_CONVOLUTION_GUARDED_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace reprise {

// Which side of a block the inaccessible page touches.
enum class GuardedSide { kEnd, kBegin };

// While one is there, once UseGuardedMemoryForTensors was called, all of
// LibTorch's new tensors and oneDNN's scratchpads on the CPU come from guarded
// memory, of all threads. Not nested.
class GuardedScope {
 public:
  explicit GuardedScope(GuardedSide side);
  ~GuardedScope();
  GuardedScope(const GuardedScope&) = delete;
};
bool IsGuarding();
void StopGuarding();

// Makes LibTorch allocate here while guarding, else as it did before.
void UseGuardedMemoryForTensors();

// `alignment`: a power of two up to a page. At kEnd a block's end is moved away
// from the page by what the alignment asks.
void* GuardedAllocate(size_t bytes, size_t alignment);
bool IsGuarded(const void* address);
void GuardedFree(void* block);

// How many blocks there were, and how many had a changed pattern when freed.
int64_t GuardedBlocks();
int64_t ChangedPatterns();

// Of an address that an access failed at: "past the end of 128 bytes by 4". For
// signal handlers of tests: allocates.
std::string DescribeGuardedAddress(const void* address);

}  // namespace reprise

#endif  // REPRISE_TESTS_CONVOLUTION_GUARDED_MEMORY_H_
