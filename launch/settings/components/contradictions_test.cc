#include "launch/settings/components/contradictions.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/resolve/command_line_fixture.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Flags, ThatContradictEachOtherAreRefused) {
  EXPECT_THAT(Problems({"--batch-size=8", "--global-batch-size=16"}),
              ElementsAre("--global-batch-size contradicts --batch-size: give "
                          "one of them"));
  EXPECT_THAT(Problems({"--agent-config={'num_samples': 1}",
                        "--global-representatives=1"}),
              ElementsAre(HasSubstr("contradicts 'num_samples' in "
                                    "--agent-config")));
  EXPECT_THAT(Problems({"--agent-config={'num_candidates': 1}",
                        "--global-candidates=1"}),
              ElementsAre(HasSubstr("contradicts 'num_candidates'")));
  EXPECT_THAT(Problems({"--ranks=3", "--hosts=a:2,b:2"}),
              ElementsAre("--ranks=3 contradicts --hosts, which has 4"));
  EXPECT_THAT(Problems({"--hosts=a:2,a:0"}),
              ElementsAre("--hosts: host 2: expected at least one rank, found "
                          "'a:0'"));
  EXPECT_THAT(Problems({"--scratch",
                        "--tasksets-config={'concatenate_tasksets': False}"}),
              ElementsAre("--scratch contradicts 'concatenate_tasksets': "
                          "False"));
  EXPECT_THAT(Problems({"--global-batch-size=2", "--ranks=3"}),
              ElementsAre(HasSubstr("leaves some of the 3 ranks")));
}

TEST_F(Flags, OfTheReductionThatContradictEachOtherAreRefused) {
  for (const char* other : {"bf16", "none"}) {
    EXPECT_THAT(
        Problems({"--fp16-allreduce", absl::StrCat("--compression=", other)}),
        ElementsAre(absl::StrCat("--fp16-allreduce contradicts --compression=",
                                 other)));
  }
  EXPECT_THAT(
      Problems({"--use-adasum", "--compression=bf16"}),
      ElementsAre(HasSubstr("--use-adasum contradicts --compression: ")));
  EXPECT_THAT(
      Problems({"--use-adasum", "--fp16-allreduce"}),
      ElementsAre(HasSubstr("--use-adasum contradicts --fp16-allreduce: ")));
  EXPECT_THAT(
      Problems({"--use-adasum", "--gradient-predivide-factor=2"}),
      ElementsAre(HasSubstr("contradicts --gradient-predivide-factor")));
  EXPECT_THAT(
      Problems({"--use-adasum", "--reduction=nccl"}),
      ElementsAre(HasSubstr("--use-adasum contradicts --reduction=nccl: ")));
  EXPECT_THAT(Problems({"--check-collectives", "--reduction=nccl"}),
              ElementsAre(HasSubstr(
                  "--check-collectives contradicts --reduction=nccl: ")));
  for (const char* factor : {"0", "-1", "1e10", "1e-10"}) {
    EXPECT_THAT(
        Problems({absl::StrCat("--gradient-predivide-factor=", factor)}),
        ElementsAre(HasSubstr("expected a number from 1e-9 to 1e9")));
  }
  EXPECT_THAT(Problems({"--agent=icarl",
                        "--agent-config={'implementation': "
                        "'upstream'}",
                        "--batches-per-allreduce=2"}),
              ElementsAre(HasSubstr("--batches-per-allreduce=2 contradicts")));
  // Also where a profile chooses the implementation.
  EXPECT_THAT(Problems({"--agent=icarl", "--profile=upstream",
                        "--batches-per-allreduce=2"}),
              ElementsAre(HasSubstr("--batches-per-allreduce=2 contradicts")));
  EXPECT_THAT(Problems({"--agent=icarl", "--batches-per-allreduce=2"}),
              IsEmpty());
  EXPECT_THAT(Problems({"--ranks=4", "--global-batch-size=2",
                        "--batches-per-allreduce=2"}),
              IsEmpty());
}

TEST_F(Flags, RefuseNumTasksWhereTheScenarioHasNoUseOfIt) {
  const std::string problem =
      "--tasksets-config: 'num_tasks' has no meaning in the class scenario, "
      "whose tasks follow from 'increment' (classes a task); give 'increment', "
      "or 'scenario': 'instance'";
  EXPECT_THAT(Problems({"--tasksets-config={'num_tasks': 5}"}),
              ElementsAre(problem));
  EXPECT_THAT(
      Problems({"--tasksets-config={'scenario': 'class', 'increment': 2, "
                "'num_tasks': 5}"}),
      ElementsAre(problem));
  EXPECT_THAT(
      Problems({"--tasksets-config={'scenario': 'instance', 'num_tasks': 4}"}),
      IsEmpty());
  // Left over from a file whose scenario the command line overrides.
  WriteFile("config.yaml",
            "base:\n  tasksets_config: {scenario: instance, num_tasks: 4}\n");
  EXPECT_THAT(Problems({}), IsEmpty());
  EXPECT_THAT(Problems({"--tasksets-config={'scenario': 'class'}"}), IsEmpty());
  WriteFile("config.yaml", "base:\n  tasksets_config: {num_tasks: 4}\n");
  EXPECT_THAT(Problems({}), ElementsAre(problem));
}

TEST_F(Flags, ChooseModelsThatReadTheDataSet) {
  EXPECT_THAT(Problems({"--dataset=cifar10"}),
              ElementsAre("--model=mnistnet reads 1x28x28 samples, "
                          "--dataset=cifar10 has 3x32x32; choose "
                          "--model=resnet"));
  EXPECT_THAT(
      Problems({"--dataset=candle", "--model=candlenet", "--augment=standard"}),
      ElementsAre(HasSubstr("--augment=standard is for images")));
  EXPECT_THAT(Problems({"--dataset=candle", "--model=candlenet"}), IsEmpty());
}

TEST_F(Flags, TheResultsFolderIsNotLeft) {
  for (const char* save_dir : {"../x", "..", "a/../../x"}) {
    EXPECT_THAT(
        Problems({absl::StrCat("--save-dir=", save_dir)}),
        ElementsAre(HasSubstr("expected a folder within --results-dir")))
        << save_dir;
  }
  for (const char* save_dir : {"x", "a/../x", "a/b", "..x", "/tmp/x"}) {
    EXPECT_THAT(Problems({absl::StrCat("--save-dir=", save_dir)}), IsEmpty());
  }
}

TEST_F(Flags, NameWhatIsWrongWithARegimeOrAnOptimizer) {
  EXPECT_THAT(Problems({"--regime=cifr"}),
              ElementsAre(HasSubstr("did you mean cifar?")));
  EXPECT_THAT(
      Problems({"--regime=[{'epoch': 2, 'lr': -1}, 3, {'lr': 1}, {'epoch': 1, "
                "'optimizer': 'adamm', 'lrr': 1}]"}),
      ElementsAre(HasSubstr("phase 1"), HasSubstr("phase 2: expected a dict"),
                  HasSubstr("phase 3: expected 'epoch' or 'step'"),
                  HasSubstr("phase 4"), HasSubstr("phase 4")));
  EXPECT_THAT(Problems({"--regime=[{'epoch': 5, 'lr': 1}, {'epoch': 2}]"}),
              ElementsAre(HasSubstr("phase 2")));
  EXPECT_THAT(Problems({"--regime=[{'epoch': "}),
              ElementsAre(HasSubstr("--regime: column 12: expected a value")));
  EXPECT_THAT(Problems({"--regime= [{'epoch': 2, 'lr': -1}]"}),
              ElementsAre(HasSubstr("--regime: phase 1: column 16: 'lr'")));
  EXPECT_THAT(Problems({"--regime=[] []"}),
              ElementsAre(HasSubstr(
                  "--regime: column 4: expected nothing after the list")));
  EXPECT_THAT(Problems({"--nesterov", "--momentum=0"}), SizeIs(1));
}

}  // namespace
}  // namespace reprise
