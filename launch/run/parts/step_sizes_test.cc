#include "launch/run/parts/step_sizes.h"

#include "gtest/gtest.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {
namespace {

ExperimentSpec Nil() {
  ExperimentSpec spec;
  spec.agent.name = "nil";
  spec.training.batch_size = 64;
  spec.agent.num_candidates = 20;
  return spec;
}

TEST(SizesOf, MultipliesWhatFlagsSayOfOneRank) {
  const StepSizes sizes = SizesOf(Nil(), 1, 3);
  EXPECT_EQ(sizes.global_batch, 192);
  EXPECT_EQ(sizes.batch, 64);
  EXPECT_EQ(sizes.global_candidates, 60);
  EXPECT_EQ(sizes.candidates, 20);
  EXPECT_EQ(sizes.representatives, 20);  // as many as candidates by default
}

TEST(SizesOf, SplitsWhatFlagsSayOfAllRanksWithTheRestOnLowRanks) {
  ExperimentSpec spec = Nil();
  spec.training.global_batch_size = 100;
  spec.rehearsal.global_representatives = 5;
  spec.rehearsal.global_candidates = 4;
  EXPECT_EQ(SizesOf(spec, 0, 3).batch, 34);
  EXPECT_EQ(SizesOf(spec, 2, 3).batch, 33);
  EXPECT_EQ(SizesOf(spec, 1, 3).representatives, 2);
  EXPECT_EQ(SizesOf(spec, 2, 3).representatives, 1);
  EXPECT_EQ(SizesOf(spec, 0, 3).candidates, 2);
  EXPECT_EQ(SizesOf(spec, 0, 3).global_batch, 100);
}

TEST(SizesOf, CountsAllPartsOfAStep) {
  ExperimentSpec spec = Nil();
  spec.training.batches_per_allreduce = 4;
  EXPECT_EQ(SizesOf(spec, 0, 2).global_batch, 512);
  EXPECT_EQ(SizesOf(spec, 0, 2).global_candidates, 40);
}

TEST(SizesOf, HasNoRepresentativesWhereNothingIsAppended) {
  ExperimentSpec spec = Nil();
  spec.agent.num_samples = 7;
  EXPECT_EQ(SizesOf(spec, 0, 1).representatives, 7);
  spec.recipe.scratch = true;
  EXPECT_EQ(SizesOf(spec, 0, 1).global_representatives, 0);
  spec.recipe.scratch = false;
  spec.agent.name = "base";
  EXPECT_EQ(SizesOf(spec, 0, 1).representatives, 0);
  spec.agent.name = "icarl";
  EXPECT_EQ(SizesOf(spec, 0, 1).representatives, 0);
  spec.agent.icarl.implementation = IcarlImplementation::kUpstream;
  EXPECT_EQ(SizesOf(spec, 0, 1).representatives, 7);
}

}  // namespace
}  // namespace reprise
