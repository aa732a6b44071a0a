#include "launch/settings/components/unused_settings.h"

#include <utility>

#include "core/base/status_matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "launch/settings/resolve/command_line.h"
#include "launch/settings/resolve/command_line_fixture.h"

namespace reprise {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(Flags, AreNotedWhenWithoutEffect) {
  REPRISE_ASSERT_OK_AND_ASSIGN(
      const ParsedCommand command,
      Parse({"--dataloader-workers=4", "--model-config={'depth': 18}"}));
  EXPECT_THAT(
      command.notes,
      ElementsAre(HasSubstr("'depth' in --model-config has no effect: it "
                            "is resnet's, not mnistnet's"),
                  HasSubstr("--dataloader-workers has no effect")));
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
       "'implementation' in --agent-config has no effect: it is icarl's, not "
       "nil's"},
      {{"--bind=cores"}, "--bind has no effect: there is one rank"},
      {{"--output=files"}, "--output has no effect: there is one rank"},
      {{"--regime=[{'epoch': 50, 'lr': 1}]"},
       "--regime from epoch 50 on has no effect: a task has 10 epochs"}};
  for (const auto& [arguments, note] : cases) {
    REPRISE_ASSERT_OK_AND_ASSIGN(const ParsedCommand command, Parse(arguments));
    EXPECT_THAT(command.notes, ElementsAre(HasSubstr(note)));
  }
}

}  // namespace
}  // namespace reprise
