#include "launch/run/results/announcement.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/log.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "data/dataset.h"
#include "data/scenario/scenario.h"
#include "launch/cli/enum_names.h"
#include "launch/run/devices/rank_hardware.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/run/parts/training_options.h"
#include "launch/run/ranks/rank_summary.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/experiment_spec.h"
#include "models/memory_format_table.h"
#include "models/model.h"

namespace reprise {
namespace {

void AnnounceData(const RunParts& parts) {
  const DatasetPair& data = parts.data;
  std::vector<std::string> tasks;
  for (const TaskSpec& task : parts.scenario.tasks) {
    tasks.push_back(absl::StrCat("{", absl::StrJoin(task.classes, " "), "}"));
  }
  LogInfo(absl::StrCat("data: ", data.name, " from ", data.source, ", ",
                       data.train->size(), " training and ", data.test->size(),
                       " test samples, tasks ", absl::StrJoin(tasks, " ")));
}

void AnnounceModel(const RunParts& parts, int world_size) {
  const RankHardware& hardware = parts.hardware;
  std::set<std::string> hosts, devices;
  for (const RankSummary& rank : hardware.ranks) {
    hosts.insert(rank.host);
    devices.insert(rank.device);
  }
  const bool all_bound =
      std::all_of(hardware.ranks.begin(), hardware.ranks.end(),
                  [](const RankSummary& rank) { return rank.bound; });
  LogInfo(absl::StrCat(
      "model: ", parts.model->name(), ", ",
      parts.model->parameters().layout().num_values(), " parameters, ",
      NameOf(hardware.precision.kind), " ",
      absl::StrReplaceAll(NameOf(hardware.memory_format), {{"_", " "}}), " on ",
      absl::StrJoin(devices, ", "), "; ", world_size,
      world_size == 1 ? " rank of " : " ranks of ", hardware.threads,
      hardware.threads == 1 ? " thread" : " threads",
      all_bound ? ", each on cores of its own" : "",
      hosts.size() > 1 ? absl::StrCat(" on ", hosts.size(), " hosts") : ""));
  if (hardware.memory_format_origin == MemoryFormatOrigin::kRule &&
      parts.model->parameters().device().is_cpu() &&
      LibTorchVersion() != LibTorchOfMemoryFormats()) {
    LogInfo(absl::StrCat("memory format: by the rule, for this is LibTorch ",
                         LibTorchVersion(),
                         " and the table of the fastest was measured with ",
                         LibTorchOfMemoryFormats()));
  }
  if (hosts.size() == 1) {
    const std::string quota = DescribeQuota(hardware.ranks);
    if (!quota.empty()) LogInfo(quota);
  } else {
    for (const std::string& host : DescribeHosts(hardware.ranks)) LogInfo(host);
  }
}

std::string DescribeBuffer(const ExperimentSpec& spec) {
  if (!TraitsOf(spec).buffer.has_value()) return "";
  return absl::StrCat(
      " of ",
      spec.rehearsal.buffer == BufferScope::kDistributed
          ? "one buffer over all ranks"
          : "a buffer of each rank",
      spec.rehearsal.draw == DrawTime::kAsync ? ", drawn behind the step before"
                                              : ", drawn at its start",
      spec.rehearsal.memory == BufferMemory::kDevice ? ", in device memory"
                                                     : "");
}

// "learning rate 0.4 (0.1 x 4 ranks, ...)".
std::string DescribeRate(const ExperimentSpec& spec, int64_t lr_scale,
                         int world_size) {
  const std::string rate =
      absl::StrCat("learning rate ", spec.optimizer.lr * lr_scale);
  if (lr_scale == 1) return rate;
  return absl::StrCat(
      rate, " (", spec.optimizer.lr, " x ", world_size, " ranks",
      spec.training.batches_per_allreduce > 1
          ? absl::StrCat(" x ", spec.training.batches_per_allreduce, " batches")
          : "",
      ", --lr-scaling=linear), approached over ", WarmUpEpochs(spec, lr_scale),
      " warm-up epochs of each task");
}

void AnnounceStep(const ExperimentSpec& spec, const RunParts& parts,
                  int world_size) {
  const StepSizes& sizes = parts.sizes;
  LogInfo(absl::StrCat(
      "step: ", sizes.global_batch, " incoming samples",
      sizes.global_representatives > 0
          ? absl::StrCat(" and ", sizes.global_representatives,
                         " representatives", DescribeBuffer(spec))
          : "",
      spec.training.batches_per_allreduce > 1
          ? absl::StrCat(" in ", spec.training.batches_per_allreduce,
                         " parts of a rank")
          : "",
      ", ", NameOf(spec.optimizer.kind), ", ",
      DescribeRate(spec, parts.lr_scale, world_size),
      spec.optimizer.phases.empty()
          ? ""
          : absl::StrCat(", regime ", spec.optimizer.regime),
      spec.training.augment == Augmentation::kNone
          ? ""
          : absl::StrCat(", augmentation ", NameOf(spec.training.augment)),
      ", seed ", spec.training.seed));
}

// Where the gradients are not those of the exact mean.
void AnnounceReduction(const ExperimentSpec& spec, int world_size) {
  const bool divides = spec.reduction.predivide_factor != 1;
  const bool compresses =
      spec.reduction.compression != GradientReducer::Compression::kNone;
  if (!compresses && !divides && !spec.reduction.use_adasum) return;
  if (world_size == 1) {
    LogInfo(
        "reduction: none, with one rank --compression, --use-adasum and "
        "--gradient-predivide-factor have no effect");
  } else if (spec.reduction.use_adasum) {
    LogInfo(
        "reduction: Adasum of the ranks' gradients, which is not their exact "
        "mean; after backward, not during it");
  } else {
    LogInfo(absl::StrCat(
        "reduction: gradients as ",
        compresses ? NameOf(spec.reduction.compression) : "fp32",
        compresses ? ", rounded on each rank and at each addition" : "",
        divides ? absl::StrCat(", divided by ", spec.reduction.predivide_factor,
                               " before the sum and multiplied after")
                : ""));
  }
}

}  // namespace

void AnnounceRun(const ExperimentSpec& spec, const RunParts& parts,
                 int world_size) {
  if (!parts.scenario.warning.empty()) LogWarning(parts.scenario.warning);
  if (SelectsOnTestLoss(spec)) {
    LogWarning(
        "--profile=upstream: each task begins with the network that had the "
        "lowest loss on the test sets, as the research code did; accuracies "
        "are not independent of the test data");
  }
  AnnounceData(parts);
  AnnounceModel(parts, world_size);
  AnnounceStep(spec, parts, world_size);
  AnnounceReduction(spec, world_size);
  if (spec.reduction.sync_batch_norm && world_size > 1 &&
      !parts.model->running_statistics().empty()) {
    LogInfo(
        "batch normalisation: statistics of all ranks' samples; gradients "
        "are reduced after backward");
  }
}

}  // namespace reprise
