#include "agents/training/statistics_merge.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "core/tensor/batch_norm_merge.h"

namespace reprise {
namespace {

// [W, Q] kDouble in host memory.
absl::StatusOr<at::Tensor> GatherOverRanks(const at::Tensor& mine,
                                           Communicator& communicator) {
  const at::Tensor host = mine.to(at::kCPU, at::kDouble).contiguous();
  at::Tensor all =
      at::zeros({communicator.world_size(), host.numel()}, at::kDouble);
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(host.data_ptr(), host.nbytes(), all.data_ptr())
          ->Wait());
  return all;
}

}  // namespace

absl::Status MergeRunningStatistics(RunningStatistics& statistics,
                                    Communicator& communicator,
                                    int64_t* merged_batches) {
  const int world_size = communicator.world_size();
  if (world_size == 1 || statistics.empty()) return absl::OkStatus();
  REPRISE_ASSIGN_OR_RETURN(at::Tensor means,
                           GatherOverRanks(statistics.means(), communicator));
  REPRISE_ASSIGN_OR_RETURN(
      at::Tensor variances,
      GatherOverRanks(statistics.variances(), communicator));
  std::vector<int64_t> batches(world_size);
  const int64_t mine = statistics.batches_tracked();
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(&mine, sizeof(mine), batches.data())->Wait());
  // A rank that has had no minibatch since the last merge, where all became
  // equal, knows nothing new.
  std::vector<at::Tensor> new_means, new_variances;
  for (int rank = 0; rank < world_size; ++rank) {
    if (batches[rank] == *merged_batches) continue;
    new_means.push_back(means[rank]);
    new_variances.push_back(variances[rank]);
  }
  if (new_means.empty()) return absl::OkStatus();
  means = at::stack(new_means);
  variances = at::stack(new_variances);
  double* mean = means.data_ptr<double>();
  double* variance = variances.data_ptr<double>();
  MergeBatchNorm<double>(mean, variance, means.size(0), means.size(1), mean,
                         variance);
  statistics.means().copy_(means[0]);
  statistics.variances().copy_(variances[0]);
  *merged_batches = *std::max_element(batches.begin(), batches.end());
  statistics.set_batches_tracked(*merged_batches);
  return absl::OkStatus();
}

}  // namespace reprise
