#include "agents/training/feature_extraction.h"

#include <ATen/ops/zeros.h>

#include <algorithm>

#include "agents/training/forward_batches.h"
#include "core/base/sample.h"
#include "core/base/status.h"
#include "core/comm/agreement.h"
#include "core/tensor/torch_status.h"

namespace reprise {
namespace {

constexpr int64_t kChunk = 256;

int64_t CeilDivide(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

absl::StatusOr<at::Tensor> ExtractFeatures(Model& model,
                                           const BatchInput& input,
                                           const Dataset& dataset,
                                           const std::vector<int64_t>& rows,
                                           Communicator& communicator) {
  const int64_t n = static_cast<int64_t>(rows.size());
  const int64_t rank_rows =
      CeilDivide(CeilDivide(n, kChunk), communicator.world_size()) * kChunk;
  const int64_t begin = std::min(n, rank_rows * communicator.rank());
  const int64_t end = std::min(n, begin + rank_rows);
  at::Tensor mine, all;
  const absl::Status local = CatchTorch("features", [&] {
    mine = at::zeros({rank_rows, model.num_features()}, at::kFloat);
    all = communicator.world_size() == 1
              ? mine
              : at::zeros({rank_rows * communicator.world_size(),
                           model.num_features()},
                          at::kFloat);
    ForEachForwardBatch(
        model, input, dataset, rows, begin, end, kChunk,
        [&](int64_t first, const std::vector<Sample>& samples,
            const ModelOutput& output) {
          mine.narrow(0, first - begin, samples.size()).copy_(output.features);
        });
    return absl::OkStatus();
  });
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(communicator, local));
  if (communicator.world_size() > 1) {
    REPRISE_RETURN_IF_ERROR(
        communicator.AllGather(mine.data_ptr(), mine.nbytes(), all.data_ptr())
            ->Wait());
  }
  return all.narrow(0, 0, n);
}

}  // namespace reprise
