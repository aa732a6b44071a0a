#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "launch/settings/components/component.h"
#include "launch/settings/model_rows.h"

namespace reprise {
namespace {

using Compression = GradientReducer::Compression;

// Upstream's name for one value of --compression: the one given closer to the
// user holds.
void ApplyFp16Allreduce(ResolvedSettings& resolved) {
  ReductionSettings& reduction = resolved.spec.reduction;
  if (!reduction.fp16_allreduce ||
      reduction.compression == Compression::kFloat16) {
    return;
  }
  const Level flag = resolved.LevelOf("fp16-allreduce");
  const Level compression = resolved.LevelOf("compression");
  if (compression > flag) {
    reduction.fp16_allreduce = false;
    resolved.origins.erase("fp16-allreduce");
  } else if (compression == flag) {
    resolved.AddProblem("--fp16-allreduce contradicts --compression=",
                        NameOf(reduction.compression));
  } else {
    reduction.compression = Compression::kFloat16;
    resolved.SetDerived("compression", "--fp16-allreduce");
  }
}

// Adasum adds what is orthogonal: it scales the step by itself.
void ApplyAdasum(ResolvedSettings& resolved) {
  OptimizerSettings& optimizer = resolved.spec.optimizer;
  if (resolved.spec.reduction.use_adasum &&
      resolved.LevelOf("lr-scaling") < resolved.LevelOf("use-adasum") &&
      optimizer.lr_scaling != LrScaling::kNone) {
    optimizer.lr_scaling = LrScaling::kNone;
    resolved.SetDerived("lr-scaling", "--use-adasum");
  }
}

void Derive(ResolvedSettings& resolved) {
  ApplyFp16Allreduce(resolved);
  ApplyAdasum(resolved);
}

void CheckAdasum(ResolvedSettings& resolved) {
  const ReductionSettings& reduction = resolved.spec.reduction;
  if (!reduction.use_adasum) return;
  if (reduction.place == ReductionPlace::kNccl) {
    resolved.AddProblem(
        "--use-adasum contradicts --reduction=nccl: it combines gradients in "
        "host memory");
  }
  if (reduction.compression != Compression::kNone) {
    resolved.AddProblem(
        "--use-adasum contradicts ",
        reduction.fp16_allreduce ? "--fp16-allreduce" : "--compression",
        ": it combines fp32 gradients");
  }
  if (reduction.predivide_factor != 1) {
    resolved.AddProblem(
        "--use-adasum contradicts --gradient-predivide-factor: it has no sum "
        "to divide before");
  }
}

void Check(ResolvedSettings& resolved) {
  const ReductionSettings& reduction = resolved.spec.reduction;
  CheckAdasum(resolved);
  if (reduction.check_collectives && reduction.place == ReductionPlace::kNccl) {
    resolved.AddProblem(
        "--check-collectives contradicts --reduction=nccl: it compares the "
        "calls on host memory only");
  }
  const double factor = reduction.predivide_factor;
  if (!(factor >= 1e-9 && factor <= 1e9)) {
    resolved.AddProblem(
        "--gradient-predivide-factor: expected a number from 1e-9 to 1e9, "
        "found '",
        factor, "'");
  }
}

std::string WhyNoBatchNorm(const ExperimentSpec& spec) {
  const ModelSettingsRow& model = RowOf(spec.model);
  if (model.has_batch_norm || !spec.reduction.sync_batch_norm) return "";
  return absl::StrCat(model.name, " has no batch normalisation");
}

}  // namespace

Component ReductionFlags() {
  const Bind<ReductionSettings> reduction(&ExperimentSpec::reduction);
  using R = ReductionSettings;
  return {
      "Ranks and devices",
      {
          reduction("bucket-bytes", &R::bucket_bytes, "N",
                    "of gradients reduced together; the first bucket has at "
                    "most 64 KiB, so as to start early")
              .From(1024)
              .UpTo(double{int64_t{1} << 40}),
          reduction("compression", &R::compression, "NAME",
                    "gradients are sent and summed as 16-bit floats"),
          reduction("fp16-allreduce", &R::fp16_allreduce,
                    "the same as --compression=fp16"),
          reduction("gradient-predivide-factor", &R::predivide_factor, "X",
                    "gradients are divided by it before the sum over ranks and "
                    "multiplied by it after: keeps 16-bit sums in range"),
          reduction("reduction", &R::place, "NAME",
                    "where gradients on GPUs are summed: nccl, on the GPUs "
                    "behind backward; host, in host memory after it; auto, by "
                    "nccl where every rank has a GPU of its own")
              .Unused(WhyNotWithOneRank),
          reduction("use-adasum", &R::use_adasum,
                    "combine the ranks' gradients by Adasum, not by their "
                    "mean; after backward, for comparison"),
          reduction("sync-batchnorm", &R::sync_batch_norm,
                    "batch normalisation over all ranks' samples; the "
                    "reduction then follows backward")
              .Unused(WhyNoBatchNorm),
          reduction("check-collectives", &R::check_collectives,
                    "ranks compare each communication call first: slow, finds "
                    "mistakes (gradients on GPUs then go through host memory)"),
      },
      Derive,
      Check};
}

}  // namespace reprise
