// Takes rehearsal buffers, and the naive ones, through the same incoming
// samples and notes what each step is given.
#ifndef REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_HISTORIES_H_
#define REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_HISTORIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/buffer/buffer_stats.h"
#include "core/buffer/rehearsal_buffer.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"
#include "core/comm/in_process/ranks_as_threads.h"
#include "gtest/gtest.h"

namespace reprise {

struct TestedKind {
  BufferPolicy policy = BufferPolicy::kClassBalanced;
  bool asynchronous = false;
};

// Every case runs for every kind; the runner picks the memory.
class RehearsalBufferConformance : public testing::TestWithParam<TestedKind> {
 protected:
  bool is_reservoir() const {
    return GetParam().policy == BufferPolicy::kReservoir;
  }
  bool is_asynchronous() const { return GetParam().asynchronous; }

  // 3 classes, 7 a class; 5 candidates, of a reservoir all; 8 draws.
  RehearsalBufferOptions Options() const;
};

// A buffer in the memory under test.
std::unique_ptr<RehearsalBuffer> MakeTestedBuffer(
    const RehearsalBufferOptions& options, Communicator* communicator);

struct Course {
  int64_t steps = 120;  // in two tasks, of which the first lacks a class
  bool quiesce_often = false;
  // Often saves the state and goes on with a new buffer that has loaded it.
  bool replace_often = false;
};

// By step: ids in the order of the whole draw, and the state drawn from.
struct History {
  std::vector<std::vector<int64_t>> drawn, class_count, stored;

  bool operator==(const History& other) const {
    return drawn == other.drawn && class_count == other.class_count &&
           stored == other.stored;
  }
};

// What a rank saw: of its own draws.
struct RankHistory {
  std::vector<std::map<int64_t, int64_t>> drawn;  // id by draw
  std::vector<std::vector<int64_t>> class_count, stored;
  BufferStats end;
  uint64_t content = 0;  // its digest, at the end
};

// communicator: nullptr for a rank alone. Expects that rows, labels and ids
// belong together until the next step.
RankHistory RunOnRank(const RehearsalBufferOptions& options,
                      Communicator* communicator, const Course& course = {});
std::vector<RankHistory> RunOnRanks(
    int world_size, const RehearsalBufferOptions& options,
    const Course& course = {}, const TransportDecorator& decorator = nullptr);

// Expects that ranks agree and that their draws are 0, 1, ... together.
History Merge(const std::vector<RankHistory>& ranks);

// What the naive buffer of one process gives, and its stats at the end.
History ReferenceOf(const RehearsalBufferOptions& options,
                    const Course& course = {}, BufferStats* end = nullptr);

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_REHEARSAL_BUFFER_HISTORIES_H_
