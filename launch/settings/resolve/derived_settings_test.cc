#include <vector>

#include "agents/regime/regime.h"
#include "core/base/status_matchers.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/tensor/optimizer_step.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/experiments.h"
#include "launch/settings/resolve/command_line.h"
#include "launch/settings/resolve/command_line_fixture.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Compression = GradientReducer::Compression;

TEST_F(Flags, OfTheReductionHaveUpstreamsNamesAndOurs) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--fp16-allreduce", "--gradient-predivide-factor=8",
             "--batches-per-allreduce=4"}));
  EXPECT_EQ(command.spec.reduction.compression, Compression::kFloat16);
  EXPECT_EQ(Settings(command).at("compression"), "\"fp16\" --fp16-allreduce");
  EXPECT_EQ(command.spec.reduction.predivide_factor, 8);
  EXPECT_EQ(command.spec.training.batches_per_allreduce, 4);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--fp16-allreduce", "--compression=FP16"}));
  EXPECT_EQ(command.spec.reduction.compression, Compression::kFloat16);
  // Adasum scales by itself, unless the user says so.
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--use_adasum"}));
  EXPECT_TRUE(command.spec.reduction.use_adasum);
  EXPECT_EQ(Settings(command).at("lr-scaling"), "\"none\" --use-adasum");
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--use-adasum", "--lr-scaling=linear"}));
  EXPECT_EQ(command.spec.optimizer.lr_scaling, LrScaling::kLinear);
  // The file's is further away.
  WriteFile("config.yaml", "base:\n  fp16_allreduce: true\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--compression=bf16"}));
  EXPECT_EQ(command.spec.reduction.compression, Compression::kBFloat16);
  EXPECT_FALSE(command.spec.reduction.fp16_allreduce);
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"run"}));
  EXPECT_EQ(command.spec.reduction.compression, Compression::kFloat16);
}

TEST_F(Flags, QuickCapsWhatTheCommandLineLeavesOpen) {
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command, Parse({"--quick"}));
  EXPECT_EQ(command.spec.training.max_steps_per_epoch, 3);
  EXPECT_EQ(command.spec.tasks.max_train_samples_per_task, 256);
  EXPECT_EQ(command.spec.tasks.max_test_samples_per_task, 64);
  EXPECT_EQ(Settings(command).at("epochs"), "1 --quick");
  EXPECT_EQ(Settings(command).at("batch-size"), "8 --quick");
  WriteFile("config.yaml", "base:\n  batch_size: 4\n  epochs: 3\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--quick", "--epochs=2"}));
  EXPECT_EQ(Settings(command).at("epochs"), "2 command line");
  EXPECT_EQ(Settings(command).at("batch-size"), "4 config.yaml:2");
  EXPECT_EQ(Settings(command).at("max-steps-per-epoch"), "3 --quick");
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--quick", "--max-steps-per-epoch=7"}));
  EXPECT_EQ(command.spec.training.max_steps_per_epoch, 7);
}

TEST_F(Flags, ScratchConcatenatesAndResets) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({"--scratch"}, "mnist_nil_mnistnet"));
  EXPECT_TRUE(command.spec.recipe.scratch);
  EXPECT_TRUE(command.spec.tasks.concatenate_tasksets);
  EXPECT_TRUE(command.spec.agent.reset_state_dict);
  EXPECT_EQ(command.spec.tasks.initial_increment, 4);
  EXPECT_EQ(Settings(command).at("agent-config.reset_state_dict"),
            "true --scratch");
}

TEST_F(Flags, ScratchResetsAlsoWhereAKeyIsGivenNothing) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--scratch", "--agent-config={'reset_state_dict': None}"}));
  EXPECT_TRUE(command.spec.agent.reset_state_dict);
  EXPECT_THAT(Parse({"--scratch", "--agent-config={'reset_state_dict': False}"})
                  .status(),
              FailsWith("--scratch contradicts 'reset_state_dict': False"));
}

TEST_F(Flags, DescribeARegimeByNameOrByItsPhases) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--regime=[{'epoch': 2, 'lr_factor': 0.1}, {'epoch': 5, "
             "'optimizer': 'adam', 'lr': 1e-3, 'course': 'cosine'}]"}));
  const std::vector<RegimePhase>& phases = command.spec.optimizer.phases;
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].from_epoch, 2);
  EXPECT_EQ(phases[0].lr_factor, 0.1);
  EXPECT_EQ(phases[1].kind, OptimizerKind::kAdam);
  EXPECT_EQ(phases[1].lr, 0.001);
  EXPECT_EQ(phases[1].course, LrCourse::kCosineDecay);
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--regime=cifar", "--epochs=164"}));
  ASSERT_EQ(command.spec.optimizer.phases.size(), 2u);
  EXPECT_EQ(command.spec.optimizer.phases[0].from_epoch, 81);
  EXPECT_EQ(command.spec.optimizer.phases[1].from_epoch, 122);
  WriteFile("config.yaml",
            "base:\n  regime:\n    - {step: 7, momentum: 0.9}\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"run"}));
  ASSERT_EQ(command.spec.optimizer.phases.size(), 1u);
  EXPECT_EQ(command.spec.optimizer.phases[0].from_step, 7);
}

TEST_F(Flags, TakePublishedHyperparametersBelowTheCommandLine) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--preset=2022-01", "--lr=0.5"}, "cifar10_nil_resnet34"));
  EXPECT_EQ(command.spec.optimizer.kind, OptimizerKind::kRmsProp);
  EXPECT_EQ(command.spec.training.batch_size, 128);
  EXPECT_EQ(command.spec.training.epochs, 5);
  EXPECT_TRUE(command.spec.optimizer.phases.empty());
  auto settings = Settings(command);
  EXPECT_EQ(settings.at("lr"), "0.5 command line");
  EXPECT_EQ(settings.at("weight-decay"), "0.0 preset 2022-01");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand later,
      Parse({"--preset=2022-02"}, "cifar10_nil_resnet34"));
  EXPECT_EQ(later.spec.optimizer.lr, 0.0125);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand shallow,
      Parse({"--preset=2022-02", "--model-config={'depth': 18, 'width': 34}"},
            "cifar10_nil_resnet34"));
  EXPECT_EQ(shallow.spec.optimizer.lr, 0.0001);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand candle,
      Parse({"--preset=2022-01"}, "candle_nil_candlenet"));
  EXPECT_EQ(candle.spec.training.batch_size, 20);
  EXPECT_EQ(candle.spec.agent.num_representatives, 112);
  EXPECT_EQ(candle.spec.agent.num_candidates, 4);
}

TEST_F(Flags, OfUpstreamsProfileYieldToTheCommandLine) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--profile=upstream"}, "cifar10_icarl_resnet34"));
  EXPECT_EQ(command.spec.training.augment, Augmentation::kNone);
  EXPECT_EQ(command.spec.agent.icarl.implementation,
            IcarlImplementation::kUpstream);
  EXPECT_EQ(command.spec.model.resnet.variant, ResnetVariant::kUpstream);
  EXPECT_EQ(Settings(command).at("regime"), "\"upstream\" --profile=upstream");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--profile=upstream", "--augment=standard",
                      "--model-config={'variant': ''}"},
                     "cifar10_icarl_resnet34"));
  EXPECT_EQ(command.spec.training.augment, Augmentation::kStandard);
  EXPECT_EQ(command.spec.model.resnet.variant, ResnetVariant::kPaper);
}

TEST_F(Flags, CountRanksOfHosts) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({"--hosts=a:2,b"}));
  EXPECT_EQ(command.spec.ranks.count, 3);
}

TEST_F(Flags, ReadHostsFromAFile) {
  WriteFile("my hosts", "a slots=2\nb\n");
  const Arguments arguments = {"--hosts", "@my hosts", "--quick"};
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse(arguments));
  EXPECT_EQ(command.spec.ranks.count, 3);
  EXPECT_EQ(command.spec.ranks.hosts, "a:2,b:1");
  // Ranks need not have the file.
  EXPECT_THAT(ArgumentsOfRanks(arguments, command.spec),
              ElementsAre("--quick", "--hosts=a:2,b:1"));
  EXPECT_THAT(ArgumentsOfRanks({"--hosts=@my hosts", "--quick"}, command.spec),
              ElementsAre("--quick", "--hosts=a:2,b:1"));
  EXPECT_THAT(ArgumentsOfRanks({"--ranks=2"}, ExperimentSpec()),
              ElementsAre("--ranks=2"));
  WriteFile("my hosts", "a slots=2\nb c\n");
  EXPECT_THAT(Problems(arguments),
              ElementsAre(HasSubstr("/my hosts:2: expected a host a line")));
  EXPECT_THAT(Problems({"--hosts=@nowhere"}),
              ElementsAre(HasSubstr("--hosts: cannot open ")));
}

// Started by mpirun or srun, a rank need not be told how many there are.
TEST_F(Flags, CountRanksOfTheJob) {
  const auto parse = [](const Arguments& arguments) {
    return ParseCommandLine(arguments, *FindExperiment("reprise"), kVerbs, 4);
  };
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command,
                               parse({"--warmup-epochs=3"}));
  EXPECT_EQ(command.spec.ranks.count, 4);
  EXPECT_THAT(command.notes, IsEmpty());
  EXPECT_EQ(Settings(command).at("ranks"), "4 the job");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, parse({"--network=tcp"}));
  EXPECT_THAT(command.notes,
              ElementsAre("--network has no effect: this program starts no "
                          "mpirun"));
  EXPECT_THAT(parse({"--global-batch-size=3"}),
              FailsWith("leaves some of the 4 ranks without a sample"));
  // What is given is kept; the launcher compares it.
  REPRISE_ASSERT_OK_AND_ASSIGN(command, parse({"--ranks=2"}));
  EXPECT_EQ(command.spec.ranks.count, 2);
}

}  // namespace
}  // namespace reprise
