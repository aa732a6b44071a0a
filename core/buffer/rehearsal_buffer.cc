#include "core/buffer/rehearsal_buffer.h"

#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/permutation.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/buffer/host_rows.h"
#include "core/comm/agreement.h"

namespace reprise {
absl::Status RehearsalBufferOptions::Validate() const {
  std::vector<std::string> problems;
  const auto at_least = [&](const char* what, int64_t value, int64_t least) {
    if (value >= least) return;
    problems.push_back(
        absl::StrCat(what, " must be >= ", least, ", found ", value));
  };
  at_least("number of classes", num_classes, 1);
  at_least("num_representatives", capacity_per_class, 0);
  at_least("row bytes", row_bytes, 1);
  at_least("num_candidates", candidates.value_or(0), 0);
  at_least("num_samples", representatives, 0);
  at_least("rank", rank, 0);
  at_least("first draw", first_draw, 0);
  return problems.empty()
             ? absl::OkStatus()
             : UsageError(absl::StrCat("rehearsal buffer: ",
                                       absl::StrJoin(problems, "; ")));
}

RehearsalBufferOptions RehearsalBufferOptions::OfRank(int rank,
                                                      int world_size) const {
  RehearsalBufferOptions mine = *this;
  mine.capacity_per_class = SliceSize(capacity_per_class, rank, world_size);
  if (candidates.has_value()) {
    mine.candidates = SliceSize(*candidates, rank, world_size);
  }
  mine.representatives = SliceSize(representatives, rank, world_size);
  mine.rank = rank;
  mine.first_draw = SliceBegin(representatives, rank, world_size);
  return mine;
}

RehearsalBuffer::RehearsalBuffer(const RehearsalBufferOptions& options,
                                 Communicator* shared_by,
                                 std::unique_ptr<RowStore> rows)
    : options_(options),
      communicator_(shared_by),
      rank_(shared_by == nullptr ? 0 : shared_by->rank()),
      world_size_(shared_by == nullptr ? 1 : shared_by->world_size()),
      directory_({options.policy, options.num_classes,
                  options.capacity_per_class, world_size_}),
      contents_(rank_, directory_.num_groups(), options.num_classes,
                rows != nullptr ? std::move(rows)
                                : MakeHostRows(options.row_bytes,
                                               directory_.group_capacity())),
      exchange_(shared_by, &contents_, options.first_draw),
      unique_of_ranks_(world_size_ * options.num_classes) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
}

// exchange_ waits for what is under way, before contents_ and what it received
// go: members are destroyed in reverse order.
RehearsalBuffer::~RehearsalBuffer() = default;

// Position 0 for all ranks that share the buffer: each enumerates the draws of
// all, so their streams must be one.
StreamKey RehearsalBuffer::Key(Purpose purpose, int64_t task,
                               int64_t step) const {
  const int position = communicator_ == nullptr ? options_.rank : 0;
  return {options_.seed, purpose, static_cast<uint32_t>(task),
          static_cast<uint32_t>(step), static_cast<uint32_t>(position)};
}

absl::StatusOr<Representatives> RehearsalBuffer::BeginStep(
    const RehearsalStep& step) {
  if (!options_.asynchronous) {
    REPRISE_RETURN_IF_ERROR(StartExchange(step));
    REPRISE_RETURN_IF_ERROR(exchange_.Finish());
    return exchange_.TakeRepresentatives();
  }
  // The last step's candidates go in before this step's draw. Were it the other
  // way round, a draw would depend on whether Quiesce came between, and every
  // report would change what is trained on.
  REPRISE_RETURN_IF_ERROR(FinishExchange());
  Representatives given = exchange_.TakeRepresentatives();
  REPRISE_RETURN_IF_ERROR(StartExchange(step));
  return given;
}

absl::Status RehearsalBuffer::EndStep() {
  // Asynchronous: the labels of other ranks' candidates are still on their way.
  return options_.asynchronous ? absl::OkStatus() : CommitCandidates();
}

absl::Status RehearsalBuffer::Quiesce() {
  REPRISE_RETURN_IF_ERROR(FinishExchange());
  if (world_size_ == 1) return absl::OkStatus();
  // A rank that failed in a task is in AgreeOnStatus in place of this call.
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(*communicator_, absl::OkStatus()));
  // Ids stay on the ranks that hold them: the only number of Stats that the
  // replicated metadata does not have.
  const std::vector<int64_t> mine = contents_.Unique();
  return communicator_
      ->AllGather(mine.data(), mine.size() * sizeof(int64_t),
                  unique_of_ranks_.data())
      ->Wait();
}

StepCandidates RehearsalBuffer::SelectCandidates(const RehearsalStep& step) {
  const int64_t incoming = static_cast<int64_t>(step.incoming.size());
  const int64_t of_all =
      communicator_ == nullptr ? incoming : step.incoming_of_all;
  const int64_t begin = SliceBegin(of_all, rank_, world_size_);
  REPRISE_CHECK(incoming == SliceSize(of_all, rank_, world_size_))
      << incoming << " incoming samples of " << of_all;
  // Positions in the global batch, whoever has the sample: so the choice is the
  // same on every rank, and for every number of ranks.
  std::vector<int64_t> chosen;
  if (options_.candidates.has_value()) {
    chosen = SampleWithoutReplacement(
        Key(Purpose::kCandidateDraw, step.task, step.step), of_all,
        *options_.candidates);
  } else {
    chosen.resize(of_all);
    std::iota(chosen.begin(), chosen.end(), 0);
  }
  StepCandidates candidates;
  candidates.task = step.task;
  candidates.step = step.step;
  for (const int64_t position : chosen) {
    const int rank = RankOfItem(position, of_all, world_size_);
    candidates.ranks.push_back(rank);
    if (rank == rank_) {
      candidates.own.push_back(step.incoming[position - begin]);
    }
  }
  return candidates;
}

absl::Status RehearsalBuffer::StartExchange(const RehearsalStep& step) {
  ++steps_;
  return exchange_.Start(
      SelectCandidates(step), directory_,
      directory_.Draw(Key(Purpose::kRepresentativeDraw, step.task, step.step),
                      options_.representatives));
}

absl::Status RehearsalBuffer::FinishExchange() {
  if (!exchange_.is_under_way()) return absl::OkStatus();
  REPRISE_RETURN_IF_ERROR(exchange_.Finish());
  return CommitCandidates();
}

absl::Status RehearsalBuffer::CommitCandidates() {
  const StepCandidates candidates = exchange_.TakeCandidates();
  const Purpose purpose = options_.policy == BufferPolicy::kReservoir
                              ? Purpose::kReservoir
                              : Purpose::kReplacement;
  // One stream for the candidates of all ranks in their common order: every
  // rank makes every rank's replacements, and the directories stay equal.
  PhiloxStream numbers(Key(purpose, candidates.task, candidates.step));
  auto own = candidates.own.begin();
  for (size_t i = 0; i < candidates.labels.size(); ++i) {
    const int rank = candidates.ranks[i];
    const SlotDirectory::Change change =
        directory_.Offer(candidates.labels[i], rank, steps_, numbers);
    contents_.Apply(change, rank == rank_ ? &*own++ : nullptr);
  }
  return contents_.rows().Flush();
}

BufferStats RehearsalBuffer::Stats() const {
  BufferStats stats;
  stats.class_count = directory_.class_count();
  stats.stored = directory_.stored();
  stats.stored_by_rank = directory_.StoredByRank();
  stats.bytes =
      std::accumulate(stats.stored.begin(), stats.stored.end(), int64_t{0}) *
      options_.row_bytes;
  stats.bytes_sent = exchange_.bytes_sent();
  stats.mean_age_steps = directory_.MeanAge(steps_);
  const std::vector<int64_t> of_ranks =
      world_size_ == 1 ? contents_.Unique() : unique_of_ranks_;
  stats.unique.resize(options_.num_classes);
  stats.unique_by_rank.resize(world_size_);
  for (int rank = 0; rank < world_size_; ++rank) {
    for (int64_t c = 0; c < options_.num_classes; ++c) {
      const int64_t unique = of_ranks[rank * options_.num_classes + c];
      stats.unique[c] += unique;
      stats.unique_by_rank[rank] += unique;
    }
  }
  return stats;
}

absl::Status RehearsalBuffer::SaveState(const StateWriter& state) {
  REPRISE_RETURN_IF_ERROR(FinishExchange());
  state.Put("steps", steps_);
  state.Put("unique_of_ranks", unique_of_ranks_);
  directory_.SaveState(state.Scope("directory"));
  REPRISE_RETURN_IF_ERROR(
      contents_.SaveState(state.Scope("contents"), options_.row_bytes));
  return exchange_.SaveState(state.Scope("exchange"), options_.row_bytes);
}

absl::Status RehearsalBuffer::LoadState(const StateReader& state) {
  const size_t ranks_and_classes = unique_of_ranks_.size();
  REPRISE_RETURN_IF_ERROR(state.Get("steps", &steps_));
  REPRISE_RETURN_IF_ERROR(state.Get("unique_of_ranks", &unique_of_ranks_));
  if (unique_of_ranks_.size() != ranks_and_classes || steps_ < 0) {
    return state.Error(absl::StrCat("unique_of_ranks, steps: expected ",
                                    ranks_and_classes,
                                    " numbers and a count, found ",
                                    unique_of_ranks_.size(), " and ", steps_));
  }
  REPRISE_RETURN_IF_ERROR(directory_.LoadState(state.Scope("directory")));
  REPRISE_RETURN_IF_ERROR(contents_.LoadState(state.Scope("contents"),
                                              options_.row_bytes, directory_));
  return exchange_.LoadState(state.Scope("exchange"), options_.row_bytes,
                             options_.num_classes, options_.representatives);
}

absl::StatusOr<uint64_t> RehearsalBuffer::ContentDigest() const {
  return contents_.Digest(directory_.ContentDigest(), options_.row_bytes);
}

}  // namespace reprise
