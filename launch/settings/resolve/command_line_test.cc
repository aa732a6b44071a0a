#include "launch/settings/resolve/command_line.h"

#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "core/base/status_matchers.h"
#include "core/tensor/optimizer_step.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/cli/literal_value.h"
#include "launch/settings/agent_rows.h"
#include "launch/settings/components/setting_table.h"
#include "launch/settings/experiment_spec.h"
#include "launch/settings/experiments.h"
#include "launch/settings/resolve/command_line_fixture.h"
#include "launch/settings/setting.h"

namespace reprise {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST_F(Flags, WithoutAnyAreTheDocumentedDefaults) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
  EXPECT_EQ(command.action, ParsedCommand::Action::kRun);
  const ExperimentSpec& spec = command.spec;
  EXPECT_EQ(spec.agent.name, "base");
  EXPECT_EQ(spec.model.name, "mnistnet");
  EXPECT_EQ(spec.training.batch_size, 64);
  EXPECT_EQ(spec.training.eval_batch_size, -1);
  EXPECT_EQ(spec.training.epochs, 10);
  EXPECT_EQ(spec.optimizer.lr, 0.01);
  EXPECT_EQ(spec.optimizer.momentum, 0.5);
  EXPECT_EQ(spec.optimizer.weight_decay, 0);
  EXPECT_EQ(spec.training.seed, 42u);
  EXPECT_EQ(spec.results.log_interval, 10);
  EXPECT_EQ(spec.agent.num_representatives, 6000);
  EXPECT_EQ(spec.agent.num_candidates, 20);
  EXPECT_EQ(spec.results.results_dir, folder_ + "/results");
  EXPECT_EQ(spec.data.dataset_dir, "");
  EXPECT_THAT(command.notes, IsEmpty());
}

// The default of a setting is its field's, and nothing else says what that is.
TEST_F(Flags, WithoutAnyAreThoseOfAnEmptySpec) {
  REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse({"run"}));
  const auto settings = Settings(command);
  for (const Setting& setting : reprise::Settings()) {
    if (!setting.is_recorded) continue;
    for (const SettingKey& key : setting.keys) {
      EXPECT_EQ(settings.at(absl::StrCat(setting.name, ".", key.key.name)),
                ToJson(key.key.write(ExperimentSpec())) + " default");
    }
    if (!setting.keys.empty()) continue;
    EXPECT_EQ(settings.at(setting.name),
              setting.json(setting, ExperimentSpec()) + " default");
  }
}

TEST_F(Flags, TakeEveryWayOfWriting) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"run", "--batch_size", "32", "--eval-batch-size", "-1", "--lr=0",
             "--wd", "1e-4", "--momentum", "0", "--seed=0", "--optimizer=sgd",
             "--no-evaluate", "--noshard", "--quick=False",
             "--check_collectives", "--save-dir", ""}));
  const ExperimentSpec& spec = command.spec;
  EXPECT_EQ(spec.training.batch_size, 32);
  EXPECT_EQ(spec.optimizer.lr, 0);
  EXPECT_EQ(spec.optimizer.weight_decay, 1e-4);
  EXPECT_EQ(spec.optimizer.momentum, 0);
  EXPECT_EQ(spec.training.seed, 0u);
  EXPECT_EQ(spec.optimizer.kind, OptimizerKind::kSgd);
  EXPECT_FALSE(spec.training.evaluate);
  EXPECT_FALSE(spec.data.shard);
  EXPECT_FALSE(spec.recipe.quick);
  EXPECT_TRUE(spec.reduction.check_collectives);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand evaluates,
      Parse({"--no_evaluate=false", "--no-scratch", "--cuda"}));
  EXPECT_TRUE(evaluates.spec.training.evaluate);
  EXPECT_EQ(evaluates.spec.device.device, DeviceKind::kAuto);
}

TEST_F(Flags, OfTheSeedsReadmeWorkAsWritten) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--agent", "nil", "--model", "mnistnet", "--dataset", "mnist",
             "--tasksets-config",
             "{'scenario': 'class', 'initial_increment': 4, 'increment': 3, "
             "'concatenate_tasksets': True}"}));
  EXPECT_EQ(command.spec.agent.name, "nil");
  EXPECT_EQ(command.spec.tasks.initial_increment, 4);
  EXPECT_EQ(command.spec.tasks.increment, 3);
  EXPECT_TRUE(command.spec.tasks.concatenate_tasksets);
  EXPECT_FALSE(command.spec.agent.reset_state_dict);
  EXPECT_FALSE(command.spec.recipe.scratch);
}

TEST_F(Flags, SayWhichAgentsAppendToBatches) {
  for (const auto& [agent, appends] : std::map<std::string, bool>{
           {"base", false}, {"nil", true}, {"icarl", false}, {"er", true}}) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command,
                                 Parse({"--agent=" + agent}));
    EXPECT_EQ(TraitsOf(command.spec).rehearses, agent != "base") << agent;
    EXPECT_EQ(TraitsOf(command.spec).appends_to_batches, appends) << agent;
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
          AllOf(StartsWith("--dataset: expected one of mnist, "),
                EndsWith(", found 'mnits'; did you mean mnist?")),
          "--tasksets-config: column 2: unknown key 'x'; known are scenario, "
          "initial_increment, increment, num_tasks, concatenate_tasksets, "
          "class_order",
          "--quick: expected true or false, found 'perhaps'",
          "--ranks: expected an integer, found 'two'"));
}

TEST_F(Flags, ThatAreNotBuiltYetSayso) {
  for (const char* argument :
       {"--tensorwatch", "--checkpoint=x", "--resume=x",
        "--checkpoint-every=1m", "--on-nonfinite=skip", "--deterministic"}) {
    EXPECT_THAT(Problems({argument}), ElementsAre(HasSubstr("not built yet")))
        << argument;
  }
  EXPECT_THAT(
      Problems({"--fp16-allreduce=false", "--gradient-predivide-factor", "1",
                "--batches-per-allreduce=1", "--no-tensorwatch",
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

TEST_F(Flags, APathMayBeginWithATilde) {
  setenv("HOME", folder_.c_str(), 1);
  WriteFile("own.yaml", "base:\n  lr: 0.2\n");
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--yaml-config=~/own.yaml", "--results-dir=~/r",
             "--dataset-dir=~/d", "--timeline=~/t.json", "--save-dir=~/s"}));
  EXPECT_EQ(command.spec.optimizer.lr, 0.2);
  EXPECT_EQ(command.spec.results.results_dir, folder_ + "/r");
  EXPECT_EQ(command.spec.data.dataset_dir, folder_ + "/d");
  EXPECT_EQ(command.spec.results.timeline, folder_ + "/t.json");
  EXPECT_EQ(command.spec.results.save_dir, folder_ + "/s");
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

TEST_F(Flags, ResolvePathsFromWhereTheUserStands) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      ParsedCommand command,
      Parse({"--results-dir=r \xC3\xA9", "--dataset-dir", "/data"}));
  EXPECT_EQ(command.spec.results.results_dir, folder_ + "/r \xC3\xA9");
  EXPECT_EQ(command.spec.data.dataset_dir, "/data");
  EXPECT_EQ(Settings(command).at("results-dir"), "\"r \xC3\xA9\" command line");
  unsetenv("BUILD_WORKING_DIRECTORY");
  setenv("HOME", "/home/u", 1);
  REPRISE_ASSERT_OK_AND_ASSIGN(
      command, Parse({"--results-dir=out", "--dataset-dir=~/data"}));
  EXPECT_EQ(command.spec.results.results_dir, "out");
  EXPECT_EQ(command.spec.data.dataset_dir, "/home/u/data");
}

TEST_F(Flags, AllStandInTheHelpTextWhichFitsTheTerminal) {
  for (const Experiment& experiment : Experiments()) {
    // Help wins over any mistake beside it.
    REPRISE_ASSERT_OK_AND_ASSIGN(
        const ParsedCommand command,
        ParseCommandLine({"--lr=x", "--help"}, experiment, kVerbs));
    EXPECT_EQ(command.action, ParsedCommand::Action::kHelp);
    for (const Setting& setting : reprise::Settings()) {
      EXPECT_THAT(command.text, HasSubstr("--" + setting.name));
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
                                 ParseCommandLine({}, experiment, kVerbs));
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
