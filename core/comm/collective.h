// A collective as data: what is called, on what, and how it is told of.
#ifndef REPRISE_CORE_COMM_COLLECTIVE_H_
#define REPRISE_CORE_COMM_COLLECTIVE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/base/dtype.h"

namespace reprise {

enum class ReduceOp { kSum, kMax, kMin };

struct Collective {
  enum class Kind { kAllReduce, kBroadcast, kAllGather, kAllToAllv, kBarrier };
  Kind kind = Kind::kBarrier;
  void* data = nullptr;  // in and out (AllReduce, Broadcast), else received
  const void* sent = nullptr;
  int64_t count = 0;  // elements of dtype
  DType dtype = DType::kUint8;
  ReduceOp op = ReduceOp::kSum;
  int root = 0;
  std::vector<int64_t> sent_bytes;      // AllToAllv only
  std::vector<int64_t> received_bytes;  // AllToAllv only
  // What NoteReady gave when the collective was opened.
  std::shared_ptr<const void> ready;
};

const char* KindName(Collective::Kind kind);

// "AllReduce of 128 float32 (sum)": what ranks must agree on, for messages.
std::string Signature(const Collective& collective);

// When the data of a collective was ready, when it began, when it was complete.
struct CollectiveTimes {
  absl::Time ready, begun, completed;
};

// A collective that was issued and is not complete on this rank.
struct CollectiveInFlight {
  int64_t number = 0;  // of its communicator's collectives, as issued, from 0
  std::string signature;
  absl::Time since;  // when it was issued
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_COLLECTIVE_H_
