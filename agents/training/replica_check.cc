#include "agents/training/replica_check.h"

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "core/base/status.h"
#include "models/batch_norm.h"
#include "models/parameter_store.h"
#include "xxhash.h"

namespace reprise {
namespace {

using NamedDigests = std::vector<std::pair<std::string, uint64_t>>;

uint64_t DigestOf(const at::Tensor& values) {
  const at::Tensor host = values.to(at::kCPU).contiguous();
  return XXH64(host.data_ptr(), host.nbytes(), /*seed=*/0);
}

absl::Status CheckDigestsAgree(const NamedDigests& named, int64_t steps,
                               Communicator& communicator) {
  const size_t count = named.size();
  std::vector<uint64_t> mine;
  for (const auto& [name, digest] : named) mine.push_back(digest);
  std::vector<uint64_t> all(count * communicator.world_size());
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(mine.data(), count * sizeof(uint64_t), all.data())
          ->Wait());
  for (int rank = 1; rank < communicator.world_size(); ++rank) {
    for (size_t i = 0; i < count; ++i) {
      if (all[rank * count + i] == all[i]) continue;
      return MarkAgreed(DistributedError(absl::StrFormat(
          "%s differs between rank 0 (digest %016x) and rank %d "
          "(digest %016x) after %d steps; the run cannot be trusted",
          named[i].first, all[i], rank, all[rank * count + i], steps)));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckParametersAgree(const Model& model, int64_t steps,
                                  Communicator& communicator) {
  if (communicator.world_size() == 1) return absl::OkStatus();
  const ParameterStore& parameters = model.parameters();
  NamedDigests mine;
  for (size_t i = 0; i < parameters.specs().size(); ++i) {
    mine.emplace_back("parameter " + parameters.specs()[i].name,
                      DigestOf(parameters.Exported(static_cast<int64_t>(i))));
  }
  return CheckDigestsAgree(mine, steps, communicator);
}

absl::Status CheckStatisticsAgree(const Model& model, int64_t steps,
                                  Communicator& communicator) {
  const RunningStatistics& statistics = model.running_statistics();
  if (communicator.world_size() == 1 || statistics.empty()) {
    return absl::OkStatus();
  }
  NamedDigests mine;
  for (size_t i = 0; i < statistics.layers().size(); ++i) {
    const std::string& name = statistics.layers()[i].name;
    mine.emplace_back("running mean of " + name, DigestOf(statistics.mean(i)));
    mine.emplace_back("running variance of " + name,
                      DigestOf(statistics.variance(i)));
  }
  return CheckDigestsAgree(mine, steps, communicator);
}

}  // namespace reprise
