// Collectives on GPU memory by NCCL. A communicator over this transport takes
// device pointers in every call; a job has it beside one for host memory.
//
// Issuing a collective enqueues it on one stream of its own, in program order.
// It waits there for what the compute stream (LibTorch's default one) was given
// up to the moment when the collective was opened, so a bucket's reduction runs
// behind the rest of backward, and the host waits for neither. Work::Wait
// blocks until the collective is complete on the device.
//
// Where PinNcclAlgorithms was called, NCCL sums over the ring, without NVLS, so
// sums are bit-identical from run to run on the same ranks.
//
// Errors of NCCL that come up later (a lost peer, the network) are looked for
// whenever a collective is not complete yet; Abort ends what is under way.
#ifndef REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_
#define REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "core/comm/communicator.h"
#include "core/comm/nccl/device_api.h"
#include "core/comm/transport.h"

namespace reprise {

// Sets NCCL_ALGO and NCCL_NVLS_ENABLE, unless the user has: in main, before
// there is another thread.
void PinNcclAlgorithms();

// Collective over `host`: a communicator of the same ranks for the memory of
// GPU number `device` of each. Ranks of one host need a GPU each; NCCL refuses
// two on one. A failure on one rank is every rank's. `decorator`, where given,
// makes what stands between the communicator and its transport. `api` and
// `host` outlive the result.
absl::StatusOr<std::unique_ptr<Communicator>> CreateNcclCommunicator(
    const DeviceApi& api, int device, Communicator& host,
    const std::function<std::unique_ptr<Transport>(std::unique_ptr<Transport>)>&
        decorator = nullptr);

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_NCCL_NCCL_TRANSPORT_H_
