#include "launch/settings/resolve/configuration_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/resolve/command_line.h"
#include "launch/settings/resolve/command_line_fixture.h"

namespace reprise {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(Flags, FollowThePrecedenceOfTheirSources) {
  WriteFile("config.yaml",
            "base:\n  lr: 0.2\n  momentum: 0\n  batch_size:\n"
            "  tasksets_config: {increment: 2}\n"
            "  agent_config: \"{'num_candidates': 5, 'num_samples': 7}\"\n"
            "  no_evaluate: true\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--lr=0.3", "--agent-config", "{'num_candidates': 9}"},
            "mnist_nil_mnistnet"));
  const auto settings = Settings(command);
  EXPECT_EQ(settings.at("lr"), "0.3 command line");
  EXPECT_EQ(settings.at("momentum"), "0.0 config.yaml:3");
  EXPECT_EQ(settings.at("batch-size"), "64 default");
  EXPECT_EQ(settings.at("agent"), "\"nil\" preset mnist_nil_mnistnet");
  EXPECT_EQ(settings.at("no-evaluate"), "true config.yaml:7");
  EXPECT_EQ(settings.at("tasksets-config.initial_increment"),
            "4 preset mnist_nil_mnistnet");
  EXPECT_EQ(settings.at("tasksets-config.increment"), "2 config.yaml:5");
  EXPECT_EQ(settings.at("agent-config.num_candidates"), "9 command line");
  EXPECT_EQ(settings.at("agent-config.num_samples"), "7 config.yaml:6");
  EXPECT_FALSE(command.spec.training.evaluate);
  EXPECT_EQ(command.spec.tasks.increment, 2);
  EXPECT_EQ(command.spec.agent.num_candidates, 9);
  EXPECT_THAT(command.notes,
              ElementsAre("configuration read from config.yaml, section base"));
}

TEST_F(Flags, OfOneKindFromTheCloserSourceWin) {
  WriteFile("config.yaml", "base:\n  batch_size: 32\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command,
                               Parse({"--global-batch-size=16"}));
  EXPECT_EQ(command.spec.training.global_batch_size, 16);
  WriteFile("config.yaml", "base:\n  global_batch_size: 32\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--batch-size=16"}));
  EXPECT_EQ(command.spec.training.global_batch_size, std::nullopt);
  EXPECT_EQ(command.spec.training.batch_size, 16);
}

TEST_F(Flags, ReadNamedSectionsOfAFile) {
  WriteFile("my \xC3\xA9 file.yaml", "base:\n  lr: 1\nfast:\n  lr: 2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--yaml-config", "my \xC3\xA9 file.yaml", "--config", "fast"}));
  EXPECT_EQ(command.spec.optimizer.lr, 2);
  EXPECT_THAT(
      Problems({"--yaml-config", "my \xC3\xA9 file.yaml", "--config=fats"}),
      ElementsAre(HasSubstr("has no section fats; it has base, fast; "
                            "did you mean fast?")));
  EXPECT_THAT(Problems({"--yaml-config=absent.yaml"}),
              ElementsAre(HasSubstr("absent.yaml")));
  EXPECT_THAT(Problems({"--config=fast"}),
              ElementsAre(HasSubstr("there is no config.yaml")));
  // Upstream's scripts pass the file as --config.
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--config", folder_ + "/my \xC3\xA9 file.yaml"}));
  EXPECT_EQ(command.spec.optimizer.lr, 1);
  EXPECT_THAT(command.notes, Contains(HasSubstr("and no section: read as")));
}

TEST_F(Flags, SayThatAFoundFileIsNotUsed) {
  WriteFile("config.yaml", "other_program: {x: 1}\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
  EXPECT_THAT(command.notes,
              ElementsAre("config.yaml has no section base; it has "
                          "other_program: not used"));
}

// Another program's config.yaml lies in the working folder.
TEST_F(Flags, AForeignFileThatNoFlagNamesIsNotUsedAndThatIsSaid) {
  const std::pair<const char*, const char*> files[] = {
      {"lr: 0.1\nbatch_size: 32\n", "expected sections"},
      {"defaults:\n  - base\nhydra:\n  run: {dir: out}\n", "expected sections"},
      {"a: {}\n---\nb: {}\n", "expected one document"},
      {"x: {{ template }}\n", "line 1: "},
      {"base:\n  image: ubuntu\n  steps: [build]\n",
       "none of the keys of its section base is a flag"},
  };
  for (const auto& [yaml, why] : files) {
    WriteFile("config.yaml", yaml);
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
    EXPECT_THAT(command.notes,
                ElementsAre(testing::AllOf(
                    HasSubstr("config.yaml in the working folder is not used"),
                    HasSubstr(why))))
        << yaml;
    EXPECT_THAT(Problems({"--yaml-config=config.yaml"}), SizeIs(testing::Gt(0)))
        << yaml;
  }
  ASSERT_EQ(unlink((folder_ + "/config.yaml").c_str()), 0);
  ASSERT_EQ(mkdir((folder_ + "/config.yaml").c_str(), 0755), 0);
  EXPECT_THAT(Parse({"run"}), IsOk());
}

TEST_F(Flags, AMistakeInAFileOfOursEndsTheRunThoughNoFlagNamesIt) {
  WriteFile("config.yaml", "base:\n  lr: 0.2\n  batch_sise: 3\n");
  EXPECT_THAT(Problems({"run"}), SizeIs(1));
  EXPECT_THAT(
      Parse({"run"}),
      FailsWith("\nconfig.yaml is read as it lies in the working folder; "
                "--yaml-config= reads none."));
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({"run", "--yaml-config="}));
  EXPECT_EQ(command.spec.optimizer.lr, 0.01);
}

TEST_F(Flags, AFileMayBeALinkOrAPipe) {
  WriteFile("real.yaml", "base:\n  lr: 0.2\n");
  ASSERT_EQ(symlink("real.yaml", (folder_ + "/config.yaml").c_str()), 0);
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command, Parse({"run"}));
  EXPECT_EQ(command.spec.optimizer.lr, 0.2);
  const std::string pipe = folder_ + "/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const auto parse = [&](const Arguments& arguments) {
    std::thread writer([&] {
      std::ofstream(pipe) << "base:\n  lr: 0.3\n" << std::flush;
    });
    auto parsed = Parse(arguments);
    writer.join();
    return parsed;
  };
  REPRISE_ASSERT_OK_AND_ASSIGN(command, parse({"--yaml-config=pipe"}));
  EXPECT_EQ(command.spec.optimizer.lr, 0.3);
  EXPECT_THAT(parse({"--yaml-config=pipe", "--ranks=2"}),
              FailsWith("can be read once only"));
}

TEST_F(Flags, TakeUpstreamsConfigFileWhoseValuesAreEmpty) {
  std::string yaml = "base:\n";
  for (const char* key : {"dataset",
                          "dataset_dir",
                          "tasksets_config",
                          "shard",
                          "agent",
                          "agent_config",
                          "model",
                          "model_config",
                          "batch_size",
                          "eval_batch_size",
                          "batches_per_allreduce",
                          "epochs",
                          "lr",
                          "momentum",
                          "optimizer",
                          "no_cuda",
                          "seed",
                          "log_interval",
                          "fp16_allreduce",
                          "use_adasum",
                          "gradient_predivide_factor",
                          "weight_decay",
                          "results_dir",
                          "save_dir",
                          "tensorboard",
                          "tensorwatch",
                          "tensorwatch_port",
                          "checkpoint",
                          "dataloader_workers"}) {
    absl::StrAppend(&yaml, "  ", key, ":\n");
  }
  WriteFile("config.yaml", yaml);
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
  EXPECT_EQ(Settings(command).at("lr"), "0.01 default");
}

TEST_F(Flags, OfAFileHoldAgainstWhatTheSameFileDerives) {
  WriteFile("config.yaml",
            "base:\n  profile: upstream\n  augment: standard\n  quick: true\n"
            "  epochs: 4\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({}, "cifar10_nil_resnet34"));
  EXPECT_EQ(command.spec.training.augment, Augmentation::kStandard);
  EXPECT_EQ(command.spec.training.epochs, 4);
  EXPECT_EQ(command.spec.model.resnet.variant, ResnetVariant::kUpstream);
}

}  // namespace
}  // namespace reprise
