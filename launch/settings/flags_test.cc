#include "launch/settings/flags.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agents/regime/regime.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/tensor/optimizer_step.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/experiments.h"
#include "launch/settings/flag_table.h"

namespace reprise {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Arguments = std::vector<std::string>;

// Each test stands in an empty folder of its own.
class Flags : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    ASSERT_EQ(mkdir(folder_.c_str(), 0755), 0);
    setenv("BUILD_WORKING_DIRECTORY", folder_.c_str(), 1);
  }

  void WriteFile(const std::string& name, const std::string& text) {
    REPRISE_ASSERT_OK(ReplaceFile(folder_ + "/" + name, {text}));
  }

  static absl::StatusOr<ParsedCommand> Parse(
      const Arguments& arguments, const char* experiment = "reprise") {
    return ParseCommandLine(arguments, *FindExperiment(experiment));
  }

  // The listed problems, one a line.
  static Arguments Problems(const Arguments& arguments) {
    const auto parsed = Parse(arguments);
    if (parsed.ok()) return {};
    EXPECT_THAT(parsed, ExitsWith(ExitCode::kUsage));
    Arguments lines =
        absl::StrSplit(std::string(parsed.status().message()), "\n  ");
    lines.erase(lines.begin());
    if (!lines.empty()) {
      lines.back() = lines.back().substr(0, lines.back().find('\n'));
    }
    return lines;
  }

  static std::map<std::string, std::string> Settings(
      const ParsedCommand& command) {
    std::map<std::string, std::string> settings;
    for (const auto& setting : command.spec.settings) {
      settings[setting.name] = setting.value_json + " " + setting.origin;
    }
    return settings;
  }

  std::string folder_;
};

TEST_F(Flags, WithoutAnyAreTheDocumentedDefaults) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
  EXPECT_EQ(command.action, ParsedCommand::Action::kRun);
  const ExperimentSpec& spec = command.spec;
  EXPECT_EQ(spec.agent, "base");
  EXPECT_EQ(spec.model, "mnistnet");
  EXPECT_EQ(spec.batch_size, 64);
  EXPECT_EQ(spec.eval_batch_size, -1);
  EXPECT_EQ(spec.epochs, 10);
  EXPECT_EQ(spec.lr, 0.01);
  EXPECT_EQ(spec.momentum, 0.5);
  EXPECT_EQ(spec.weight_decay, 0);
  EXPECT_EQ(spec.seed, 42u);
  EXPECT_EQ(spec.log_interval, 10);
  EXPECT_EQ(spec.agent_config.num_representatives, 6000);
  EXPECT_EQ(spec.agent_config.num_candidates, 20);
  EXPECT_EQ(spec.results_dir, folder_ + "/results");
  EXPECT_EQ(spec.dataset_dir, "");
  EXPECT_THAT(command.notes, IsEmpty());
}

TEST_F(Flags, TakeEveryWayOfWriting) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"run", "--batch_size", "32", "--eval-batch-size", "-1", "--lr=0",
             "--wd", "1e-4", "--momentum", "0", "--seed=0", "--optimizer=sgd",
             "--no-evaluate", "--noshard", "--quick=False",
             "--check_collectives", "--save-dir", ""}));
  const ExperimentSpec& spec = command.spec;
  EXPECT_EQ(spec.batch_size, 32);
  EXPECT_EQ(spec.lr, 0);
  EXPECT_EQ(spec.weight_decay, 1e-4);
  EXPECT_EQ(spec.momentum, 0);
  EXPECT_EQ(spec.seed, 0u);
  EXPECT_EQ(spec.optimizer, "SGD");
  EXPECT_FALSE(spec.evaluate);
  EXPECT_FALSE(spec.shard);
  EXPECT_FALSE(spec.quick);
  EXPECT_TRUE(spec.check_collectives);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand evaluates,
      Parse({"--no_evaluate=false", "--no-scratch", "--cuda"}));
  EXPECT_TRUE(evaluates.spec.evaluate);
  EXPECT_EQ(evaluates.spec.device, "auto");
}

TEST_F(Flags, OfTheSeedsReadmeWorkAsWritten) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--agent", "nil", "--model", "mnistnet", "--dataset", "mnist",
             "--tasksets-config",
             "{'scenario': 'class', 'initial_increment': 4, 'increment': 3, "
             "'concatenate_tasksets': True}"}));
  EXPECT_EQ(command.spec.agent, "nil");
  EXPECT_EQ(command.spec.tasksets.initial_increment, 4);
  EXPECT_EQ(command.spec.tasksets.increment, 3);
  EXPECT_TRUE(command.spec.tasksets.concatenate_tasksets);
  EXPECT_FALSE(command.spec.agent_config.reset_state_dict);
  EXPECT_FALSE(command.spec.scratch);
}

TEST_F(Flags, SayWhichAgentsAppendToBatches) {
  for (const auto& [agent, appends] : std::map<std::string, bool>{
           {"base", false}, {"nil", true}, {"icarl", false}, {"er", true}}) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                                 Parse({"--agent=" + agent}));
    EXPECT_EQ(command.spec.Rehearses(), agent != "base") << agent;
    EXPECT_EQ(command.spec.AppendsToBatches(), appends) << agent;
  }
}

TEST_F(Flags, ListAllProblemsAtOnce) {
  WriteFile("config.yaml",
            "base:\n  batch_sise: 3\n  epochs: many\n  lr: [1]\n"
            "  agent_config: {num_candidates: 0}\n  config: x\n");
  EXPECT_THAT(
      Problems({"--batchsize", "7", "--lr=fast", "--momentum=1", "--epochs=0",
                "--seed=-1", "--dataset=mnits", "--tasksets-config={'x': 1}",
                "--quick=perhaps", "--epochs=3", "--log-interval", "--ranks",
                "two", "stray"}),
      ElementsAre(
          "--batchsize: unknown flag; did you mean --batch-size?",
          "--epochs: given twice", "--log-interval: expected a value (STEPS)",
          "'stray': expected a flag",
          "config.yaml:2: batch_sise: unknown flag; did you mean batch-size?",
          "config.yaml:4: lr: expected one value, found [1]",
          "config.yaml:6: config: only on the command line",
          "config.yaml:3: epochs: expected an integer, found 'many'",
          "config.yaml:5: agent_config: line 5: 'num_candidates': expected an "
          "int from 1, found 0",
          "--lr: expected a number, found 'fast'",
          "--momentum: expected a number from 0 below 1, found '1'",
          "--epochs: expected an integer from 1 to 1000000, found '0'",
          "--seed: expected an integer from 0, found '-1'",
          "--dataset: expected one of mnist, cifar10, candle, found 'mnits'; "
          "did you mean mnist?",
          "--tasksets-config: column 2: unknown key 'x'; known are scenario, "
          "initial_increment, increment, num_tasks, concatenate_tasksets, "
          "class_order",
          "--quick: expected true or false, found 'perhaps'",
          "--ranks: expected an integer, found 'two'"));
}

TEST_F(Flags, ThatAreNotBuiltYetSayso) {
  for (const char* argument :
       {"--tensorboard", "--checkpoint=x", "--resume=x",
        "--checkpoint-every=1m", "--on-nonfinite=skip", "--deterministic"}) {
    EXPECT_THAT(Problems({argument}), ElementsAre(HasSubstr("not built yet")))
        << argument;
  }
  EXPECT_THAT(
      Problems({"--fp16-allreduce=false", "--gradient-predivide-factor", "1",
                "--batches-per-allreduce=1", "--no-tensorboard",
                "--checkpoint=", "--profile=default", "--augment=none",
                "--on-nonfinite=stop", "--device=cpu", "--precision=fp32"}),
      IsEmpty());
}

TEST_F(Flags, NameOtherMistakes) {
  EXPECT_THAT(Problems({"report", "results"}),
              Contains(HasSubstr("report: not built yet; the verbs are run and "
                                 "data (to come: bench, deploy, report)")));
  EXPECT_THAT(Problems({"rum"}), ElementsAre(HasSubstr("did you mean run?")));
  EXPECT_THAT(Problems({"-lr", "3"}),
              Contains("-lr: flags begin with two hyphens"));
  EXPECT_THAT(Problems({"--", "--lr=3"}),
              ElementsAre(HasSubstr("only \"bazel run\" needs it")));
  EXPECT_THAT(Problems({"--shard", "False"}),
              ElementsAre("'False': expected nothing after --shard; write "
                          "--shard=False"));
  EXPECT_THAT(Problems({"--lr=1\xFF"}),
              ElementsAre("argument 1 '--lr=1\\xff' is not UTF-8"));
  EXPECT_THAT(Problems({"--save-dir", "\xFF"}),
              ElementsAre("--save-dir: '\\xff' is not UTF-8"));
  EXPECT_THAT(Problems({"--wd=1", "--weight_decay=1"}),
              ElementsAre("--weight_decay: given twice, first as --wd"));
  EXPECT_THAT(Problems({"--lr=inf"}), ElementsAre(HasSubstr("a number")));
  EXPECT_THAT(Problems({"--lr= 1"}), ElementsAre(HasSubstr("a number")));
  EXPECT_THAT(Problems({"--batch-size=99999999999999999999"}),
              ElementsAre(HasSubstr("an integer")));
  EXPECT_THAT(Problems({"--batch-size=0"}),
              ElementsAre("--batch-size: expected an integer from 1, found "
                          "'0'"));
  EXPECT_THAT(Problems({"--eval-batch-size=0"}),
              ElementsAre(HasSubstr("expected -1 or an integer from 1")));
  EXPECT_THAT(Problems({"--tasksets-config={'a': "}),
              ElementsAre("--tasksets-config: column 7: expected a value, "
                          "found the end"));
}

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

TEST_F(Flags, OfTheReductionHaveUpstreamsNamesAndOurs) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--fp16-allreduce", "--gradient-predivide-factor=8",
             "--batches-per-allreduce=4"}));
  EXPECT_EQ(command.spec.compression, "fp16");
  EXPECT_EQ(Settings(command).at("compression"), "\"fp16\" --fp16-allreduce");
  EXPECT_EQ(command.spec.gradient_predivide_factor, 8);
  EXPECT_EQ(command.spec.batches_per_allreduce, 4);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--fp16-allreduce", "--compression=FP16"}));
  EXPECT_EQ(command.spec.compression, "fp16");
  // Adasum scales by itself, unless the user says so.
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--use_adasum"}));
  EXPECT_TRUE(command.spec.use_adasum);
  EXPECT_EQ(Settings(command).at("lr-scaling"), "\"none\" --use-adasum");
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--use-adasum", "--lr-scaling=linear"}));
  EXPECT_EQ(command.spec.lr_scaling, "linear");
  // The file's is further away.
  WriteFile("config.yaml", "base:\n  fp16_allreduce: true\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--compression=bf16"}));
  EXPECT_EQ(command.spec.compression, "bf16");
  EXPECT_FALSE(command.spec.fp16_allreduce);
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"run"}));
  EXPECT_EQ(command.spec.compression, "fp16");
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
  EXPECT_FALSE(command.spec.evaluate);
  EXPECT_EQ(command.spec.tasksets.increment, 2);
  EXPECT_EQ(command.spec.agent_config.num_candidates, 9);
  EXPECT_THAT(command.notes,
              ElementsAre("configuration read from config.yaml, section base"));
}

TEST_F(Flags, OfOneKindFromTheCloserSourceWin) {
  WriteFile("config.yaml", "base:\n  batch_size: 32\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command,
                               Parse({"--global-batch-size=16"}));
  EXPECT_EQ(command.spec.global_batch_size, 16);
  WriteFile("config.yaml", "base:\n  global_batch_size: 32\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--batch-size=16"}));
  EXPECT_EQ(command.spec.global_batch_size, std::nullopt);
  EXPECT_EQ(command.spec.batch_size, 16);
}

TEST_F(Flags, ReadNamedSectionsOfAFile) {
  WriteFile("my \xC3\xA9 file.yaml", "base:\n  lr: 1\nfast:\n  lr: 2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--yaml-config", "my \xC3\xA9 file.yaml", "--config", "fast"}));
  EXPECT_EQ(command.spec.lr, 2);
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
  EXPECT_EQ(command.spec.lr, 1);
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
  EXPECT_EQ(command.spec.lr, 0.01);
}

TEST_F(Flags, AFileMayBeALinkOrAPipe) {
  WriteFile("real.yaml", "base:\n  lr: 0.2\n");
  ASSERT_EQ(symlink("real.yaml", (folder_ + "/config.yaml").c_str()), 0);
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command, Parse({"run"}));
  EXPECT_EQ(command.spec.lr, 0.2);
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
  EXPECT_EQ(command.spec.lr, 0.3);
  EXPECT_THAT(parse({"--yaml-config=pipe", "--ranks=2"}),
              FailsWith("can be read once only"));
}

TEST_F(Flags, APathMayBeginWithATilde) {
  setenv("HOME", folder_.c_str(), 1);
  WriteFile("own.yaml", "base:\n  lr: 0.2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--yaml-config=~/own.yaml", "--results-dir=~/r",
             "--dataset-dir=~/d", "--timeline=~/t.json", "--save-dir=~/s"}));
  EXPECT_EQ(command.spec.lr, 0.2);
  EXPECT_EQ(command.spec.results_dir, folder_ + "/r");
  EXPECT_EQ(command.spec.dataset_dir, folder_ + "/d");
  EXPECT_EQ(command.spec.timeline, folder_ + "/t.json");
  EXPECT_EQ(command.spec.save_dir, folder_ + "/s");
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

TEST_F(Flags, WithoutAnyTheProgramSaysWhatItCanDo) {
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command, Parse({}));
  EXPECT_EQ(command.action, ParsedCommand::Action::kUsage);
  EXPECT_THAT(command.text, HasSubstr("reprise --help"));
  // Asked for by the verb, by a target of its own, by a file of ours.
  EXPECT_EQ(Parse({"run"})->action, ParsedCommand::Action::kRun);
  EXPECT_EQ(Parse({}, "mnist_nil_mnistnet")->action,
            ParsedCommand::Action::kRun);
  WriteFile("config.yaml", "base:\n  lr: 0.2\n");
  EXPECT_EQ(Parse({})->action, ParsedCommand::Action::kRun);
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

TEST_F(Flags, QuickCapsWhatTheCommandLineLeavesOpen) {
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command, Parse({"--quick"}));
  EXPECT_EQ(command.spec.max_steps_per_epoch, 3);
  EXPECT_EQ(command.spec.max_train_samples_per_task, 256);
  EXPECT_EQ(command.spec.max_test_samples_per_task, 64);
  EXPECT_EQ(Settings(command).at("epochs"), "1 --quick");
  EXPECT_EQ(Settings(command).at("batch-size"), "8 --quick");
  WriteFile("config.yaml", "base:\n  batch_size: 4\n  epochs: 3\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"--quick", "--epochs=2"}));
  EXPECT_EQ(Settings(command).at("epochs"), "2 command line");
  EXPECT_EQ(Settings(command).at("batch-size"), "4 config.yaml:2");
  EXPECT_EQ(Settings(command).at("max-steps-per-epoch"), "3 --quick");
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--quick", "--max-steps-per-epoch=7"}));
  EXPECT_EQ(command.spec.max_steps_per_epoch, 7);
}

TEST_F(Flags, ScratchConcatenatesAndResets) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({"--scratch"}, "mnist_nil_mnistnet"));
  EXPECT_TRUE(command.spec.scratch);
  EXPECT_TRUE(command.spec.tasksets.concatenate_tasksets);
  EXPECT_TRUE(command.spec.agent_config.reset_state_dict);
  EXPECT_EQ(command.spec.tasksets.initial_increment, 4);
  EXPECT_EQ(Settings(command).at("agent-config.reset_state_dict"),
            "true --scratch");
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

TEST_F(Flags, DescribeARegimeByNameOrByItsPhases) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--regime=[{'epoch': 2, 'lr_factor': 0.1}, {'epoch': 5, "
             "'optimizer': 'adam', 'lr': 1e-3, 'course': 'cosine'}]"}));
  const std::vector<RegimePhase>& phases = command.spec.regime_phases;
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].from_epoch, 2);
  EXPECT_EQ(phases[0].lr_factor, 0.1);
  EXPECT_EQ(phases[1].kind, OptimizerKind::kAdam);
  EXPECT_EQ(phases[1].lr, 0.001);
  EXPECT_EQ(phases[1].course, LrCourse::kCosineDecay);
  REPRISE_ASSERT_OK_AND_ASSIGN(command,
                               Parse({"--regime=cifar", "--epochs=164"}));
  ASSERT_EQ(command.spec.regime_phases.size(), 2u);
  EXPECT_EQ(command.spec.regime_phases[0].from_epoch, 81);
  EXPECT_EQ(command.spec.regime_phases[1].from_epoch, 122);
  WriteFile("config.yaml",
            "base:\n  regime:\n    - {step: 7, momentum: 0.9}\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(command, Parse({"run"}));
  ASSERT_EQ(command.spec.regime_phases.size(), 1u);
  EXPECT_EQ(command.spec.regime_phases[0].from_step, 7);
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

TEST_F(Flags, TakePublishedHyperparametersBelowTheCommandLine) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--preset=2022-01", "--lr=0.5"}, "cifar10_nil_resnet34"));
  EXPECT_EQ(command.spec.optimizer, "RMSprop");
  EXPECT_EQ(command.spec.batch_size, 128);
  EXPECT_EQ(command.spec.epochs, 5);
  EXPECT_TRUE(command.spec.regime_phases.empty());
  auto settings = Settings(command);
  EXPECT_EQ(settings.at("lr"), "0.5 command line");
  EXPECT_EQ(settings.at("weight-decay"), "0.0 preset 2022-01");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand later,
      Parse({"--preset=2022-02"}, "cifar10_nil_resnet34"));
  EXPECT_EQ(later.spec.lr, 0.0125);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand shallow,
      Parse({"--preset=2022-02", "--model-config={'depth': 18, 'width': 34}"},
            "cifar10_nil_resnet34"));
  EXPECT_EQ(shallow.spec.lr, 0.0001);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand candle,
      Parse({"--preset=2022-01"}, "candle_nil_candlenet"));
  EXPECT_EQ(candle.spec.batch_size, 20);
  EXPECT_EQ(candle.spec.agent_config.num_representatives, 112);
  EXPECT_EQ(candle.spec.agent_config.num_candidates, 4);
}

TEST_F(Flags, OfUpstreamsProfileYieldToTheCommandLine) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--profile=upstream"}, "cifar10_icarl_resnet34"));
  EXPECT_EQ(command.spec.augment, "none");
  EXPECT_EQ(command.spec.agent_config.implementation, "upstream");
  EXPECT_EQ(command.spec.model_config.variant, "upstream");
  EXPECT_EQ(Settings(command).at("regime"), "\"upstream\" --profile=upstream");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--profile=upstream", "--augment=standard",
                      "--model-config={'variant': ''}"},
                     "cifar10_icarl_resnet34"));
  EXPECT_EQ(command.spec.augment, "standard");
  EXPECT_EQ(command.spec.model_config.variant, "");
}

TEST_F(Flags, OfAFileHoldAgainstWhatTheSameFileDerives) {
  WriteFile("config.yaml",
            "base:\n  profile: upstream\n  augment: standard\n  quick: true\n"
            "  epochs: 4\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({}, "cifar10_nil_resnet34"));
  EXPECT_EQ(command.spec.augment, "standard");
  EXPECT_EQ(command.spec.epochs, 4);
  EXPECT_EQ(command.spec.model_config.variant, "upstream");
}

TEST_F(Flags, WithoutEffectAreNotedOrRefused) {
  EXPECT_THAT(Problems({"--nesterov", "--optimizer=adam"}),
              ElementsAre("--nesterov is SGD's; --optimizer is Adam"));
  EXPECT_THAT(Problems({"--agent=nil", "--ranks=2", "--global-candidates=1",
                        "--buffer=local"}),
              ElementsAre(HasSubstr("buffers without a candidate")));
  EXPECT_THAT(Problems({"--agent=nil", "--ranks=2", "--global-candidates=1"}),
              IsEmpty());
  EXPECT_THAT(Problems({"--agent=nil", "--ranks=4", "--buffer=local",
                        "--agent-config={'num_representatives': 2}"}),
              ElementsAre(HasSubstr("use --capacity=per-rank or "
                                    "--buffer=distributed")));
  EXPECT_THAT(Problems({"--agent=er",
                        "--agent-config={'num_representatives': "
                        "1000000000000000000}"}),
              ElementsAre(HasSubstr("expected at most 1000000000")));
  const std::pair<Arguments, const char*> cases[] = {
      {{"--optimizer=adam", "--momentum=0.9"}, "--momentum has no effect"},
      {{"--warmup-epochs=3"}, "--warmup-epochs has no effect"},
      {{"--sync-batchnorm"},
       "--sync-batchnorm has no effect: mnistnet has no batch normalisation"},
      {{"--agent=icarl", "--agent-config={'num_candidates': 3}"},
       "'num_candidates' in --agent-config has no effect"},
      {{"--agent=er", "--global-candidates=9"},
       "--global-candidates has no effect"},
      {{"--agent=nil", "--agent-config={'implementation': 'upstream'}"},
       "'implementation' in --agent-config has no effect"},
      {{"--bind=cores"}, "--bind has no effect: there is one rank"},
      {{"--output=files"}, "--output has no effect: there is one rank"},
      {{"--regime=[{'epoch': 50, 'lr': 1}]"},
       "--regime from epoch 50 on has no effect: a task has 10 epochs"}};
  for (const auto& [arguments, note] : cases) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse(arguments));
    EXPECT_THAT(command.notes, ElementsAre(HasSubstr(note)));
  }
}

TEST_F(Flags, CountRanksOfHosts) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                               Parse({"--hosts=a:2,b"}));
  EXPECT_EQ(command.spec.ranks, 3);
}

TEST_F(Flags, ReadHostsFromAFile) {
  WriteFile("my hosts", "a slots=2\nb\n");
  const Arguments arguments = {"--hosts", "@my hosts", "--quick"};
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse(arguments));
  EXPECT_EQ(command.spec.ranks, 3);
  EXPECT_EQ(command.spec.hosts, "a:2,b:1");
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
    return ParseCommandLine(arguments, *FindExperiment("reprise"), 4);
  };
  REPRISE_ASSERT_OK_AND_ASSIGN(ParsedCommand command,
                               parse({"--warmup-epochs=3"}));
  EXPECT_EQ(command.spec.ranks, 4);
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
  EXPECT_EQ(command.spec.ranks, 2);
}

TEST_F(Flags, ResolvePathsFromWhereTheUserStands) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--results-dir=r \xC3\xA9", "--dataset-dir", "/data"}));
  EXPECT_EQ(command.spec.results_dir, folder_ + "/r \xC3\xA9");
  EXPECT_EQ(command.spec.dataset_dir, "/data");
  EXPECT_EQ(Settings(command).at("results-dir"), "\"r \xC3\xA9\" command line");
  unsetenv("BUILD_WORKING_DIRECTORY");
  setenv("HOME", "/home/u", 1);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--results-dir=out", "--dataset-dir=~/data"}));
  EXPECT_EQ(command.spec.results_dir, "out");
  EXPECT_EQ(command.spec.dataset_dir, "/home/u/data");
}

TEST_F(Flags, AreNotedWhenWithoutEffect) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--dataloader-workers=4", "--model-config={'depth': 18}"}));
  EXPECT_THAT(command.notes,
              ElementsAre(HasSubstr("--dataloader-workers has no effect"),
                          HasSubstr("--model-config has no effect")));
}

TEST_F(Flags, AllStandInTheHelpTextWhichFitsTheTerminal) {
  for (const Experiment& experiment : Experiments()) {
    // Help wins over any mistake beside it.
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const ParsedCommand command,
        ParseCommandLine({"--lr=x", "--help"}, experiment));
    EXPECT_EQ(command.action, ParsedCommand::Action::kHelp);
    for (const std::string& name : FlagNames()) {
      EXPECT_THAT(command.text, HasSubstr("--" + name));
    }
    for (const auto& line : absl::StrSplit(command.text, '\n')) {
      EXPECT_LE(line.size(), 80u) << line;
    }
    for (const char* needed :
         {"//launch:", "summary.json", "Exit codes: 0 ok", "--quick"}) {
      EXPECT_THAT(command.text, HasSubstr(needed));
    }
    EXPECT_THAT(command.text, HasSubstr(experiment.summary.substr(0, 20)));
  }
}

TEST_F(Flags, PrintTheResolvedConfigurationWithOrigins) {
  WriteFile("config.yaml", "base:\n  lr: 0.2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--print-config", "--seed=7", "--scratch"}, "mnist_nil_mnistnet"));
  EXPECT_EQ(command.action, ParsedCommand::Action::kPrintConfig);
  const std::string expected[] = {
      R"(agent                                 "nil"          preset mnist_nil_mnistnet)",
      R"(agent-config.num_representatives      6000           default)",
      R"(agent-config.num_samples              null           default)",
      R"(agent-config.reset_state_dict         true           --scratch)",
      R"(lr                                    0.2            config.yaml:2)",
      R"(seed                                  7              command line)",
      R"(tensorboard                           false          default)",
  };
  std::vector<std::string> lines = absl::StrSplit(command.text, '\n');
  for (const std::string& line : expected) EXPECT_THAT(lines, Contains(line));
  EXPECT_THAT(command.text, Not(HasSubstr("print-config")));
}

TEST_F(Flags, OfEveryPresetAreValid) {
  for (const Experiment& experiment : Experiments()) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                                 ParseCommandLine({}, experiment));
    EXPECT_EQ(command.spec.experiment, experiment.name);
  }
}

TEST_F(Flags, SurviveMutations) {
  const Arguments seeds = {"--lr=0.1",
                           "--batch-size",
                           "32",
                           "--hosts=a:2,b:2",
                           "--no-evaluate",
                           "--quick",
                           "--tasksets-config={'increment': 3}",
                           "run"};
  std::mt19937 random(3);
  int accepted = 0;
  for (int round = 0; round < 5000; ++round) {
    Arguments arguments;
    for (size_t i = 0; i <= random() % 4; ++i) {
      std::string argument = seeds[random() % seeds.size()];
      if (random() % 3 == 0) {
        argument[random() % argument.size()] = static_cast<char>(random());
      }
      if (random() % 5 == 0) argument.erase(random() % argument.size());
      arguments.push_back(argument);
    }
    const auto parsed = Parse(arguments);
    accepted += parsed.ok();
    if (!parsed.ok()) {
      ASSERT_THAT(parsed, ExitsWith(ExitCode::kUsage));
      for (const char c : parsed.status().message()) {
        ASSERT_TRUE(c == '\n' || (c >= 0x20 && c < 0x7F))
            << parsed.status().message();
      }
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace reprise
