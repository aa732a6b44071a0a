// Test cases that every rank of a job runs together. A program links one
// library that defines RankCases() and one runner: ranks as threads
// (in_process_runner) or ranks under mpirun (mpi_runner).
#ifndef REPRISE_TESTS_CONFORMANCE_RANK_CASES_H_
#define REPRISE_TESTS_CONFORMANCE_RANK_CASES_H_

#include <memory>
#include <ostream>
#include <vector>

#include "absl/time/time.h"
#include "core/comm/communicator.h"
#include "core/comm/transport.h"

namespace reprise {

// What this rank's transport was asked to start, in order. Written by the
// communicator's threads: read it when no work is outstanding.
using IssuedCollectives = std::vector<Collective>;

// Of delayed cases; longer than a step of a small run.
inline constexpr absl::Duration kLongestDelay = absl::Milliseconds(30);

struct RankCase {
  const char* name;
  // Expectations are GoogleTest's. A case that leaves early on one rank leaves
  // the others waiting: EXPECT, not ASSERT.
  void (*run)(Communicator& communicator, const IssuedCollectives& issued);
  // Whether the communication threads are late at random
  // (core/comm/decorators/delaying_transport.h), differently in each job and as
  // it goes on.
  bool delayed = false;
};

inline void PrintTo(const RankCase& rank_case, std::ostream* out) {
  *out << rank_case.name;
}

std::vector<RankCase> RankCases();

// Passes everything to `transport` and writes down what was started; `issued`
// outlives it.
std::unique_ptr<Transport> MakeRecordingTransport(
    std::unique_ptr<Transport> transport, IssuedCollectives* issued);

}  // namespace reprise

#endif  // REPRISE_TESTS_CONFORMANCE_RANK_CASES_H_
