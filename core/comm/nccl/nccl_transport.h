// Collectives on GPU memory by NCCL. A communicator over this transport takes
// device pointers in every call; a job has it beside one for host memory.
//
// Issuing a collective enqueues it on one stream of its own, of the highest
// priority, in program order. It waits there for what the compute stream was
// given up to the moment when the collective was opened, so a bucket's
// reduction runs behind the rest of backward, and the host waits for neither.
// Work::Wait blocks until the collective is complete on the device. Work::times
// are the device's.
//
// Where PinNcclAlgorithms was called, NCCL sums over the ring, without NVLS, so
// sums are bit-identical from run to run on the same ranks.
//
// Errors of NCCL that come up later (a lost peer, the network) are looked for
// whenever a collective is not complete yet; Abort ends what is under way.
// NCCL's communicator does not block: a call that waits for a lost rank can be
// given up. That costs a thread of NCCL's a call.
//
// A thread may capture a CUDA graph while another drives this; one that
// captures does not wait for a collective.
#ifndef REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_
#define REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/comm/communicator.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/transport.h"

namespace reprise {

// Sets NCCL_ALGO and NCCL_NVLS_ENABLE, unless the user has: in main, before
// there is another thread.
void PinNcclAlgorithms();

struct NcclOptions {
  // What the calling thread computes on; called when it opens a collective.
  std::function<CudaStream()> compute_stream = LegacyStream;
  // Until all ranks have met and are connected. NCCL takes seconds, on a
  // thousand GPUs about a minute; who waits this long waits for a rank or a
  // network that does not answer.
  absl::Duration time_limit = absl::Minutes(5);
  // Where given, makes what stands between the communicator and its transport.
  std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)>
      decorator = nullptr;
};

// Collective over `host`: a communicator of the same ranks for the memory of
// GPU number `device` of each. Ranks of one host need a GPU each; NCCL refuses
// two on one. A first AllReduce makes its connections and takes their memory. A
// failure on one rank is every rank's, which it names within a second; so is
// DistributedError where a rank has not come so far within the time limit.
// `api` and `host` outlive the result.
absl::StatusOr<std::unique_ptr<Communicator>> CreateNcclCommunicator(
    const DeviceApi& api, int device, Communicator& host,
    const NcclOptions& options = {});

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_
