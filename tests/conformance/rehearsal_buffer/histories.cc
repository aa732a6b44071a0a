#include "tests/conformance/rehearsal_buffer/histories.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/base/permutation.h"
#include "core/base/philox.h"
#include "core/base/sample.h"
#include "core/base/slices.h"
#include "core/base/state.h"
#include "core/base/status_matchers.h"
#include "core/buffer/testing/buffer_samples.h"
#include "core/buffer/testing/reference_class_balanced_buffer.h"
#include "core/buffer/testing/reference_reservoir_buffer.h"
#include "tests/conformance/rehearsal_buffer/row_memory.h"

namespace reprise {
namespace {

struct StepPlace {
  int64_t task, step;
};

std::vector<StepPlace> PlacesOf(const Course& course) {
  std::vector<StepPlace> places;
  const int64_t of_task = course.steps / 2;
  for (int64_t i = 0; i < course.steps; ++i) {
    places.push_back({i / of_task, i % of_task});
  }
  return places;
}

// What comes in over all ranks: 0 to 11 samples a step.
std::vector<Sample> Incoming(const StepPlace& place, int64_t classes,
                             Source& source) {
  PhiloxStream stream({1, Purpose::kTest, static_cast<uint32_t>(place.task),
                       static_cast<uint32_t>(place.step), 0});
  std::vector<Sample> samples;
  const int64_t count = static_cast<int64_t>(stream.NextBelow(12));
  const int64_t met =
      place.task == 0 ? std::max<int64_t>(classes - 1, 1) : classes;
  for (int64_t i = 0; i < count; ++i) {
    const int32_t label = static_cast<int32_t>(stream.NextBelow(met));
    // Some come in again.
    samples.push_back(source.Make(
        label, 1000 * label + static_cast<int64_t>(stream.NextBelow(200))));
  }
  return samples;
}

template <typename Buffer>
History RunReference(const RehearsalBufferOptions& options,
                     const Course& course, BufferStats* end) {
  Buffer buffer({options.num_classes, options.capacity_per_class,
                 options.row_bytes, options.seed, options.rank});
  History history;
  Source source;
  const auto note = [&](std::vector<int64_t> ids, const BufferStats& stats) {
    history.drawn.push_back(std::move(ids));
    history.class_count.push_back(stats.class_count);
    history.stored.push_back(stats.stored);
  };
  if (options.asynchronous) note({}, {});
  for (const StepPlace& place : PlacesOf(course)) {
    note(buffer.Draw(options.representatives, place.task, place.step),
         buffer.Stats());
    const std::vector<Sample> all =
        Incoming(place, options.num_classes, source);
    const int64_t count = static_cast<int64_t>(all.size());
    std::vector<Sample> candidates;
    if (options.candidates.has_value()) {
      for (const int64_t i :
           SampleWithoutReplacement({options.seed, Purpose::kCandidateDraw,
                                     static_cast<uint32_t>(place.task),
                                     static_cast<uint32_t>(place.step),
                                     static_cast<uint32_t>(options.rank)},
                                    count, *options.candidates)) {
        candidates.push_back(all[i]);
      }
    } else {
      candidates = all;
    }
    buffer.Insert(candidates, place.task, place.step);
  }
  for (auto* of_steps :
       {&history.drawn, &history.class_count, &history.stored}) {
    of_steps->resize(course.steps);
  }
  if (end != nullptr) *end = buffer.Stats();
  return history;
}

// A new buffer in the state of `former`, which goes.
std::unique_ptr<RehearsalBuffer> Replace(
    std::unique_ptr<RehearsalBuffer> former,
    const RehearsalBufferOptions& options, Communicator* communicator) {
  State state;
  REPRISE_EXPECT_OK(former->SaveState(StateWriter(&state)));
  former = nullptr;
  std::unique_ptr<RehearsalBuffer> buffer =
      MakeTestedBuffer(options, communicator);
  const StateReader reader(&state);
  REPRISE_EXPECT_OK(buffer->LoadState(reader));
  REPRISE_EXPECT_OK(reader.CheckAllRead());
  return buffer;
}

}  // namespace

RehearsalBufferOptions RehearsalBufferConformance::Options() const {
  RehearsalBufferOptions options;
  options.policy = GetParam().policy;
  options.asynchronous = GetParam().asynchronous;
  options.num_classes = 3;
  options.capacity_per_class = 7;
  options.row_bytes = kRowBytes;
  options.candidates = 5;
  if (is_reservoir()) options.candidates = std::nullopt;
  options.representatives = 8;
  return options;
}

INSTANTIATE_TEST_SUITE_P(
    , RehearsalBufferConformance,
    testing::Values(TestedKind{BufferPolicy::kClassBalanced, false},
                    TestedKind{BufferPolicy::kClassBalanced, true},
                    TestedKind{BufferPolicy::kReservoir, false},
                    TestedKind{BufferPolicy::kReservoir, true}),
    [](const testing::TestParamInfo<TestedKind>& info) {
      return absl::StrCat(info.param.policy == BufferPolicy::kReservoir
                              ? "reservoir"
                              : "class_balanced",
                          info.param.asynchronous ? "_async" : "_sync");
    });

std::unique_ptr<RehearsalBuffer> MakeTestedBuffer(
    const RehearsalBufferOptions& options, Communicator* communicator) {
  return std::make_unique<RehearsalBuffer>(
      options, communicator, MakeTestedRows(options.row_bytes, communicator));
}

RankHistory RunOnRank(const RehearsalBufferOptions& options,
                      Communicator* communicator, const Course& course) {
  const int rank = communicator == nullptr ? 0 : communicator->rank();
  const int world_size =
      communicator == nullptr ? 1 : communicator->world_size();
  std::unique_ptr<RehearsalBuffer> buffer =
      MakeTestedBuffer(options, communicator);
  RankHistory history;
  // Kept until the buffer has taken their candidates in.
  Source source;
  for (const StepPlace& place : PlacesOf(course)) {
    const std::vector<Sample> all =
        Incoming(place, options.num_classes, source);
    const int64_t count = static_cast<int64_t>(all.size());
    RehearsalStep step{place.task, place.step, {}, count};
    const int64_t begin = SliceBegin(count, rank, world_size);
    step.incoming.assign(
        all.begin() + begin,
        all.begin() + begin + SliceSize(count, rank, world_size));
    const absl::StatusOr<Representatives> given = buffer->BeginStep(step);
    REPRISE_EXPECT_OK(given.status());
    if (!given.ok()) return history;
    history.drawn.emplace_back();
    for (size_t i = 0; i < given->samples.size(); ++i) {
      EXPECT_EQ(given->draws[i] % world_size, rank);
      history.drawn.back()[given->draws[i]] = given->samples[i].id;
    }
    history.class_count.push_back(given->class_count);
    history.stored.push_back(given->stored);
    for (const Sample& sample : given->samples) ExpectBound(sample);
    REPRISE_EXPECT_OK(buffer->EndStep());
    if (course.quiesce_often && place.step % 3 == 0) {
      REPRISE_EXPECT_OK(buffer->Quiesce());
      REPRISE_EXPECT_OK(buffer->Quiesce());
    }
    for (const Sample& sample : given->samples) ExpectBound(sample);
    if (course.replace_often && place.step % 3 != 0) {
      buffer = Replace(std::move(buffer), options, communicator);
    }
  }
  REPRISE_EXPECT_OK(buffer->Quiesce());
  history.end = buffer->Stats();
  history.content = *buffer->ContentDigest();
  return history;
}

std::vector<RankHistory> RunOnRanks(int world_size,
                                    const RehearsalBufferOptions& options,
                                    const Course& course,
                                    const TransportDecorator& decorator) {
  std::vector<RankHistory> ranks(world_size);
  RunRanksAsThreads(
      world_size,
      [&](Communicator& communicator) {
        ranks[communicator.rank()] = RunOnRank(options, &communicator, course);
      },
      decorator);
  return ranks;
}

History Merge(const std::vector<RankHistory>& ranks) {
  History merged;
  for (size_t s = 0; s < ranks[0].drawn.size(); ++s) {
    std::map<int64_t, int64_t> drawn;
    for (const RankHistory& rank : ranks) {
      EXPECT_EQ(rank.class_count[s], ranks[0].class_count[s]);
      EXPECT_EQ(rank.stored[s], ranks[0].stored[s]);
      drawn.insert(rank.drawn[s].begin(), rank.drawn[s].end());
    }
    std::vector<int64_t> ids;
    for (const auto& [draw, id] : drawn) {
      EXPECT_EQ(draw, static_cast<int64_t>(ids.size()));
      ids.push_back(id);
    }
    merged.drawn.push_back(ids);
    merged.class_count.push_back(ranks[0].class_count[s]);
    merged.stored.push_back(ranks[0].stored[s]);
  }
  return merged;
}

History ReferenceOf(const RehearsalBufferOptions& options, const Course& course,
                    BufferStats* end) {
  return options.policy == BufferPolicy::kReservoir
             ? RunReference<ReferenceReservoirBuffer>(options, course, end)
             : RunReference<ReferenceClassBalancedBuffer>(options, course, end);
}

}  // namespace reprise
