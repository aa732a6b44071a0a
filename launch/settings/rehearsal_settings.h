// The rehearsal buffer, of agents that have one: where it lies, when it is
// drawn from, and sizes over all ranks. N, C and R (num_representatives,
// num_candidates, num_samples) are in agent_settings.h.
#ifndef REPRISE_LAUNCH_SETTINGS_REHEARSAL_SETTINGS_H_
#define REPRISE_LAUNCH_SETTINGS_REHEARSAL_SETTINGS_H_

#include <cstdint>
#include <optional>

#include "launch/cli/enum_names.h"

namespace reprise {

// kDistributed: one over all ranks; kLocal: one for each.
enum class BufferScope { kDistributed, kLocal };
inline constexpr EnumName<BufferScope> kBufferScopeNames[] = {
    {BufferScope::kDistributed, "distributed"}, {BufferScope::kLocal, "local"}};
inline EnumNames<BufferScope> NamesOf(BufferScope) { return kBufferScopeNames; }

// kAsync: behind the step before; kSync: at the step's start.
enum class DrawTime { kAsync, kSync };
inline constexpr EnumName<DrawTime> kDrawTimeNames[] = {
    {DrawTime::kAsync, "async"}, {DrawTime::kSync, "sync"}};
inline EnumNames<DrawTime> NamesOf(DrawTime) { return kDrawTimeNames; }

enum class BufferMemory { kHost, kDevice };
inline constexpr EnumName<BufferMemory> kBufferMemoryNames[] = {
    {BufferMemory::kHost, "host"}, {BufferMemory::kDevice, "device"}};
inline EnumNames<BufferMemory> NamesOf(BufferMemory) {
  return kBufferMemoryNames;
}

// What num_representatives counts: per class over all ranks, or per class and
// rank.
enum class BufferCapacity { kGlobal, kPerRank };
inline constexpr EnumName<BufferCapacity> kBufferCapacityNames[] = {
    {BufferCapacity::kGlobal, "global"},
    {BufferCapacity::kPerRank, "per-rank"}};
inline EnumNames<BufferCapacity> NamesOf(BufferCapacity) {
  return kBufferCapacityNames;
}

struct RehearsalSettings {
  std::optional<int64_t> global_representatives;  // W * R
  std::optional<int64_t> global_candidates;       // W * C
  BufferScope buffer = BufferScope::kDistributed;
  DrawTime draw = DrawTime::kAsync;
  BufferMemory memory = BufferMemory::kHost;
  BufferCapacity capacity = BufferCapacity::kGlobal;
};

}  // namespace reprise

#endif  // REPRISE_LAUNCH_SETTINGS_REHEARSAL_SETTINGS_H_
