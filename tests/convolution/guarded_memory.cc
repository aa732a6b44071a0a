#include "tests/convolution/guarded_memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>
#include <sys/mman.h>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "core/base/check.h"

namespace reprise {
namespace {

constexpr size_t kPage = 4096;
// Addresses only: pages are taken when a block is, and returned with it.
constexpr size_t kArenaBytes = size_t{8} << 40;
constexpr unsigned char kPattern = 0xA5, kFill = 0xFF;

struct Block {
  unsigned char* pages = nullptr;
  size_t pages_bytes = 0;
  size_t bytes = 0;
};

struct Arena {
  Arena() {
    void* const address =
        mmap(nullptr, kArenaBytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REPRISE_CHECK(address != MAP_FAILED) << "no addresses left";
    begin = next = static_cast<unsigned char*>(address);
  }

  std::mutex mutex;
  unsigned char* begin = nullptr;
  unsigned char* next = nullptr;
  std::map<const unsigned char*, Block> blocks;
};

Arena& GetArena() {
  static Arena* const arena = new Arena;
  return *arena;
}

std::atomic<bool> guarding{false};
std::atomic<GuardedSide> guarded_side{GuardedSide::kEnd};
// Before the arena is there nothing lies in it.
std::atomic<const unsigned char*> arena_begin{nullptr};
std::atomic<int64_t> num_blocks{0}, num_changed{0};

class GuardedTensors final : public c10::Allocator {
 public:
  explicit GuardedTensors(c10::Allocator* outside) : outside_(outside) {}

  c10::DataPtr allocate(size_t bytes) override {
    if (!guarding || bytes == 0) return outside_->allocate(bytes);
    // Tensors may start at any element (a view of a larger one does).
    void* const block = GuardedAllocate(bytes, 1);
    return {block, block, &Delete, c10::Device(c10::kCPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &Delete; }
  void copy_data(void* to, const void* from, size_t bytes) const override {
    default_copy_data(to, from, bytes);
  }

 private:
  // oneDNN's memory comes from raw_allocate and goes by raw_deleter, which must
  // do for both.
  static void Delete(void* block) {
    if (IsGuarded(block)) {
      GuardedFree(block);
    } else if (block != nullptr) {
      c10::GetDefaultCPUAllocator()->raw_deleter()(block);
    }
  }

  c10::Allocator* const outside_;
};

}  // namespace

GuardedScope::GuardedScope(GuardedSide side) {
  guarded_side = side;
  guarding = true;
}
GuardedScope::~GuardedScope() { StopGuarding(); }

bool IsGuarding() { return guarding; }
void StopGuarding() { guarding = false; }

void UseGuardedMemoryForTensors() {
  static GuardedTensors* const allocator =
      new GuardedTensors(c10::GetDefaultCPUAllocator());
  c10::SetCPUAllocator(allocator, /*priority=*/1);
}

void* GuardedAllocate(size_t bytes, size_t alignment) {
  Arena& arena = GetArena();
  arena_begin = arena.begin;
  Block block;
  block.bytes = bytes;
  block.pages_bytes = (bytes + alignment + kPage - 1) / kPage * kPage;
  const std::lock_guard<std::mutex> lock(arena.mutex);
  block.pages = arena.next + kPage;
  arena.next = block.pages + block.pages_bytes;
  REPRISE_CHECK(arena.next + kPage <= arena.begin + kArenaBytes)
      << "guarded memory has no addresses left";
  REPRISE_CHECK(
      mprotect(block.pages, block.pages_bytes, PROT_READ | PROT_WRITE) == 0)
      << "mprotect of " << block.pages_bytes << " bytes";
  size_t before = 0;
  if (guarded_side == GuardedSide::kEnd) {
    before = (block.pages_bytes - bytes) / alignment * alignment;
  }
  unsigned char* const data = block.pages + before;
  std::memset(block.pages, kPattern, before);
  std::memset(data, kFill, bytes);
  std::memset(data + bytes, kPattern, block.pages_bytes - before - bytes);
  arena.blocks.emplace(data, block);
  ++num_blocks;
  return data;
}

bool IsGuarded(const void* address) {
  const unsigned char* const begin = arena_begin;
  const auto* const at = static_cast<const unsigned char*>(address);
  return begin != nullptr && at >= begin && at < begin + kArenaBytes;
}

void GuardedFree(void* pointer) {
  Arena& arena = GetArena();
  const std::lock_guard<std::mutex> lock(arena.mutex);
  const auto found = arena.blocks.find(static_cast<unsigned char*>(pointer));
  REPRISE_CHECK(found != arena.blocks.end()) << "not the begin of a block";
  const Block block = found->second;
  const unsigned char* const data = found->first;
  for (const unsigned char* p = block.pages;
       p < block.pages + block.pages_bytes; ++p) {
    if (p == data) p += block.bytes;
    if (p == block.pages + block.pages_bytes) break;
    if (*p != kPattern) {
      ++num_changed;
      break;
    }
  }
  arena.blocks.erase(found);
  void* const fresh =
      mmap(block.pages, block.pages_bytes, PROT_NONE,
           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  REPRISE_CHECK(fresh == block.pages) << "mmap of freed pages";
}

int64_t GuardedBlocks() { return num_blocks; }
int64_t ChangedPatterns() { return num_changed; }

std::string DescribeGuardedAddress(const void* address) {
  if (!IsGuarded(address)) return "outside guarded memory";
  Arena& arena = GetArena();
  const std::unique_lock<std::mutex> lock(arena.mutex, std::try_to_lock);
  if (!lock.owns_lock()) return "in guarded memory";
  const auto* const at = static_cast<const unsigned char*>(address);
  auto after = arena.blocks.upper_bound(at);
  if (after != arena.blocks.begin()) {
    const auto& [data, block] = *std::prev(after);
    if (at < data + block.bytes + 2 * kPage) {
      return "past the end of " + std::to_string(block.bytes) + " bytes by " +
             std::to_string(at - (data + block.bytes));
    }
  }
  if (after != arena.blocks.end() && at + 2 * kPage > after->first) {
    return "before the begin of " + std::to_string(after->second.bytes) +
           " bytes by " + std::to_string(after->first - at);
  }
  return "in a block that was freed";
}

}  // namespace reprise
