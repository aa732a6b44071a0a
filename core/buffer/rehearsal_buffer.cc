#include "core/buffer/rehearsal_buffer.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/base/check.h"
#include "core/base/philox.h"
#include "core/base/slices.h"
#include "core/base/status.h"
#include "core/buffer/candidate_selection.h"
#include "xxhash.h"

namespace reprise {
namespace {

// What each rank tells each other one, before the labels of its candidates.
struct Header {
  int64_t task_and_step;
  uint64_t digest;  // of the metadata
};

constexpr int64_t RoundUp8(int64_t bytes) { return (bytes + 7) / 8 * 8; }

int64_t Sum(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

}  // namespace

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
                                 std::unique_ptr<DeviceRows> device_rows)
    : options_(options),
      communicator_(shared_by),
      rank_(shared_by == nullptr ? 0 : shared_by->rank()),
      world_size_(shared_by == nullptr ? 1 : shared_by->world_size()),
      directory_({options.policy, options.num_classes,
                  options.capacity_per_class, world_size_}),
      device_rows_(std::move(device_rows)) {
  const absl::Status valid = options.Validate();
  REPRISE_CHECK(valid.ok()) << valid.ToString();
  const int64_t groups = directory_.num_groups();
  slabs_.resize(groups, RowSlab(is_on_device() ? 0 : options.row_bytes,
                                options.num_classes / groups *
                                    options.capacity_per_class));
  copies_.resize(options.num_classes);
  unique_of_ranks_.resize(world_size_ * options.num_classes);
}

RehearsalBuffer::~RehearsalBuffer() {
  // The communicator may still write into the memory that goes.
  const std::shared_ptr<Work>& work = exchanges_[current_].work;
  if (under_way_ && work != nullptr) (void)work->Wait();
  if (under_way_ && is_on_device()) {
    (void)device_rows_->FinishExchange(current_);
  }
}

int64_t RehearsalBuffer::HeaderBytes(int rank) const {
  return RoundUp8(sizeof(Header) + candidates_.of_rank[rank] * sizeof(int32_t));
}

int64_t RehearsalBuffer::RecordBytes() const {
  return sizeof(int64_t) + (is_on_device() ? 0 : RoundUp8(options_.row_bytes));
}

StreamKey RehearsalBuffer::Key(Purpose purpose, int64_t task,
                               int64_t step) const {
  const int position = communicator_ == nullptr ? options_.rank : 0;
  return {options_.seed, purpose, static_cast<uint32_t>(task),
          static_cast<uint32_t>(step), static_cast<uint32_t>(position)};
}

absl::StatusOr<Representatives> RehearsalBuffer::BeginStep(
    const RehearsalStep& step) {
  if (options_.asynchronous) {
    REPRISE_RETURN_IF_ERROR(FinishUnderWay());
    Representatives representatives = std::move(finished_);
    finished_ = Representatives{};
    Choose(step);
    REPRISE_RETURN_IF_ERROR(Start());
    return representatives;
  }
  Choose(step);
  REPRISE_RETURN_IF_ERROR(Start());
  REPRISE_RETURN_IF_ERROR(Finish());
  return std::move(finished_);
}

absl::Status RehearsalBuffer::EndStep() {
  return options_.asynchronous ? absl::OkStatus() : TakeIn();
}

absl::Status RehearsalBuffer::FinishUnderWay() {
  if (!under_way_) return absl::OkStatus();
  REPRISE_RETURN_IF_ERROR(Finish());
  return TakeIn();
}

absl::Status RehearsalBuffer::Settle() {
  REPRISE_RETURN_IF_ERROR(FinishUnderWay());
  if (world_size_ == 1) return absl::OkStatus();
  REPRISE_RETURN_IF_ERROR(AgreeOnStatus(*communicator_, absl::OkStatus()));
  const std::vector<int64_t> mine = Unique();
  return communicator_
      ->AllGather(mine.data(), mine.size() * sizeof(int64_t),
                  unique_of_ranks_.data())
      ->Wait();
}

void RehearsalBuffer::Choose(const RehearsalStep& step) {
  const int64_t incoming = static_cast<int64_t>(step.incoming.size());
  const int64_t of_all =
      communicator_ == nullptr ? incoming : step.incoming_of_all;
  const int64_t begin = SliceBegin(of_all, rank_, world_size_);
  REPRISE_CHECK(incoming == SliceSize(of_all, rank_, world_size_))
      << incoming << " incoming samples of " << of_all;
  std::vector<int64_t> chosen;
  if (options_.candidates.has_value()) {
    chosen =
        SelectCandidates(of_all, *options_.candidates,
                         Key(Purpose::kCandidateDraw, step.task, step.step));
  } else {
    chosen.resize(of_all);
    std::iota(chosen.begin(), chosen.end(), 0);
  }
  ++steps_;
  candidates_ = Candidates{};
  candidates_.task = step.task;
  candidates_.step = step.step;
  candidates_.of_rank.resize(world_size_);
  for (const int64_t position : chosen) {
    const int rank = RankOfItem(position, of_all, world_size_);
    candidates_.ranks.push_back(rank);
    ++candidates_.of_rank[rank];
    if (rank == rank_) {
      candidates_.own.push_back(step.incoming[position - begin]);
    }
  }
}

// Draws of the present state, packs this rank's rows and lets them go.
absl::Status RehearsalBuffer::Start() {
  current_ = 1 - current_;
  under_way_ = true;
  Exchange& exchange = exchanges_[current_];
  exchange.class_count = directory_.class_count();
  exchange.stored = directory_.stored();
  exchange.expected.clear();
  const std::vector<SlotDirectory::Drawn> drawn = directory_.Draw(
      Key(Purpose::kRepresentativeDraw, candidates_.task, candidates_.step),
      options_.representatives);

  // Own rows by the rank that they go to, in draw order.
  std::vector<std::vector<const SlotDirectory::Drawn*>> leaving(world_size_);
  std::vector<int64_t> arriving(world_size_);
  for (size_t i = 0; i < drawn.size(); ++i) {
    const int to = static_cast<int>(i % world_size_);
    const int from = drawn[i].place.rank;
    if (from == rank_) leaving[to].push_back(&drawn[i]);
    if (to != rank_) continue;
    exchange.expected.push_back(
        {from, arriving[from]++, drawn[i].label,
         options_.first_draw + static_cast<int64_t>(i)});
  }
  exchange.sent_bytes.resize(world_size_);
  exchange.received_bytes.resize(world_size_);
  for (int rank = 0; rank < world_size_; ++rank) {
    exchange.sent_bytes[rank] =
        HeaderBytes(rank_) +
        static_cast<int64_t>(leaving[rank].size()) * RecordBytes();
    exchange.received_bytes[rank] =
        HeaderBytes(rank) + arriving[rank] * RecordBytes();
  }

  exchange.sent.resize(Sum(exchange.sent_bytes));
  exchange.received.resize(Sum(exchange.received_bytes));
  const Header header = {candidates_.task << 32 | candidates_.step,
                         directory_.digest()};
  std::byte* at = exchange.sent.data();
  for (int rank = 0; rank < world_size_; ++rank) {
    std::memcpy(at, &header, sizeof(header));
    std::byte* label = at + sizeof(header);
    for (const Sample& sample : candidates_.own) {
      std::memcpy(label, &sample.label, sizeof(int32_t));
      label += sizeof(int32_t);
    }
    at += HeaderBytes(rank_);
    for (const SlotDirectory::Drawn* one : leaving[rank]) {
      const Sample sample = slabs_[one->group].At(one->place.row);
      std::memcpy(at, &sample.id, sizeof(int64_t));
      if (!is_on_device()) {
        std::memcpy(at + sizeof(int64_t), sample.row, options_.row_bytes);
      }
      at += RecordBytes();
    }
  }
  if (is_on_device()) {
    std::vector<DeviceRows::Place> places;
    std::vector<int64_t> rows_to;
    for (const auto& to_rank : leaving) {
      rows_to.push_back(static_cast<int64_t>(to_rank.size()));
      for (const SlotDirectory::Drawn* one : to_rank) {
        places.push_back({one->group, one->place.row});
      }
    }
    bytes_sent_ += (Sum(rows_to) - rows_to[rank_]) * options_.row_bytes;
    REPRISE_RETURN_IF_ERROR(
        device_rows_->StartExchange(current_, places, rows_to, arriving));
  }
  exchange.work = nullptr;
  if (world_size_ == 1) {
    std::swap(exchange.sent, exchange.received);
    return absl::OkStatus();
  }
  bytes_sent_ += Sum(exchange.sent_bytes) - exchange.sent_bytes[rank_];
  exchange.work = communicator_->AllToAllv(
      exchange.sent.data(), exchange.sent_bytes, exchange.received.data(),
      exchange.received_bytes);
  return absl::OkStatus();
}

absl::Status RehearsalBuffer::Finish() {
  Exchange& exchange = exchanges_[current_];
  if (exchange.work != nullptr) {
    // Where their buffers differ, ranks may disagree on its sizes.
    REPRISE_RETURN_IF_ERROR(
        Annotate(exchange.work->Wait(), "rehearsal exchange"));
  }
  if (is_on_device()) {
    REPRISE_RETURN_IF_ERROR(Annotate(device_rows_->FinishExchange(current_),
                                     "exchange of rehearsed rows"));
  }
  under_way_ = false;

  std::vector<const std::byte*> from(world_size_);
  const std::byte* at = exchange.received.data();
  Header first;
  std::memcpy(&first, at, sizeof(first));
  for (int rank = 0; rank < world_size_; ++rank) {
    from[rank] = at;
    Header header;
    std::memcpy(&header, at, sizeof(header));
    at += exchange.received_bytes[rank];
    if (header.task_and_step == first.task_and_step &&
        header.digest == first.digest) {
      continue;
    }
    // Every rank has all headers, so every one finds this.
    const auto describe = [](const Header& of) {
      return absl::StrFormat("task %d, step %d, digest %016x",
                             (of.task_and_step >> 32) + 1,
                             (of.task_and_step & 0xffffffff) + 1, of.digest);
    };
    return SharedByAllRanks(DistributedError(
        absl::StrCat("the rehearsal buffer differs between rank 0 (",
                     describe(first), ") and rank ", rank, " (",
                     describe(header), "); the run cannot be trusted")));
  }

  std::vector<int64_t> met(world_size_);
  for (const int rank : candidates_.ranks) {
    int32_t label;
    std::memcpy(&label,
                from[rank] + sizeof(Header) + met[rank]++ * sizeof(label),
                sizeof(label));
    candidates_.labels.push_back(label);
  }

  finished_ = Representatives{};
  finished_.class_count = std::move(exchange.class_count);
  finished_.stored = std::move(exchange.stored);
  std::vector<int64_t> rows_before(world_size_ + 1);
  for (int rank = 0; rank < world_size_; ++rank) {
    rows_before[rank + 1] =
        rows_before[rank] +
        (exchange.received_bytes[rank] - HeaderBytes(rank)) / RecordBytes();
  }
  for (const Expected& expected : exchange.expected) {
    const std::byte* record = from[expected.from] + HeaderBytes(expected.from) +
                              expected.number * RecordBytes();
    Sample sample{record + sizeof(int64_t), expected.label, 0};
    std::memcpy(&sample.id, record, sizeof(int64_t));
    if (is_on_device()) {
      sample.row = device_rows_->Received(
          current_, rows_before[expected.from] + expected.number);
    }
    finished_.samples.push_back(sample);
    finished_.draws.push_back(expected.draw);
  }
  return absl::OkStatus();
}

absl::Status RehearsalBuffer::TakeIn() {
  const Purpose purpose = options_.policy == BufferPolicy::kReservoir
                              ? Purpose::kReservoir
                              : Purpose::kReplacement;
  PhiloxStream numbers(Key(purpose, candidates_.task, candidates_.step));
  auto own = candidates_.own.begin();
  const auto forget = [&](const Sample& sample) {
    auto& copies = copies_[sample.label];
    const auto copy = copies.find(sample.id);
    if (--copy->second == 0) copies.erase(copy);
  };
  for (size_t i = 0; i < candidates_.ranks.size(); ++i) {
    const int rank = candidates_.ranks[i];
    const SlotDirectory::Change change =
        directory_.Offer(candidates_.labels[i], rank, steps_, numbers);
    const Sample* const met = rank == rank_ ? &*own++ : nullptr;
    if (!change.stored) continue;
    RowSlab& slab = slabs_[change.group];
    const bool leaves = change.replaces && change.vacated.rank == rank_;
    if (leaves) forget(slab.At(change.vacated.row));
    if (met != nullptr) ++copies_[met->label][met->id];
    if (is_on_device() && (leaves || met != nullptr)) {
      const DeviceRows::Place place = {
          change.group, leaves ? change.vacated.row : change.taken.row};
      met != nullptr ? device_rows_->Put(place, met->row)
                     : device_rows_->MoveLastTo(place);
    }
    if (leaves && met != nullptr) {
      slab.Replace(change.vacated.row, *met);
    } else if (leaves) {
      slab.MoveLastTo(change.vacated.row);
    } else if (met != nullptr) {
      REPRISE_CHECK(change.taken.row == slab.size())
          << "row " << change.taken.row << " of " << slab.size();
      slab.Append(*met);
    }
  }
  candidates_.ranks.clear();
  return is_on_device() ? device_rows_->Flush() : absl::OkStatus();
}

std::vector<int64_t> RehearsalBuffer::Unique() const {
  std::vector<int64_t> unique;
  for (const auto& copies : copies_) {
    unique.push_back(static_cast<int64_t>(copies.size()));
  }
  return unique;
}

BufferState RehearsalBuffer::State() const {
  BufferState state;
  state.class_count = directory_.class_count();
  state.stored = directory_.stored();
  state.stored_by_rank = directory_.StoredByRank();
  state.bytes = Sum(state.stored) * options_.row_bytes;
  state.bytes_sent = bytes_sent_;
  state.mean_age_steps = directory_.MeanAge(steps_);
  const std::vector<int64_t> of_ranks =
      world_size_ == 1 ? Unique() : unique_of_ranks_;
  state.unique.resize(options_.num_classes);
  state.unique_by_rank.resize(world_size_);
  for (int rank = 0; rank < world_size_; ++rank) {
    for (int64_t c = 0; c < options_.num_classes; ++c) {
      const int64_t unique = of_ranks[rank * options_.num_classes + c];
      state.unique[c] += unique;
      state.unique_by_rank[rank] += unique;
    }
  }
  return state;
}

absl::StatusOr<uint64_t> RehearsalBuffer::ContentDigest() const {
  uint64_t digest = directory_.ContentDigest();
  std::vector<std::byte> bytes(is_on_device() ? options_.row_bytes : 0);
  for (size_t group = 0; group < slabs_.size(); ++group) {
    for (int64_t row = 0; row < slabs_[group].size(); ++row) {
      Sample sample = slabs_[group].At(row);
      if (is_on_device()) {
        REPRISE_RETURN_IF_ERROR(device_rows_->Read(
            {static_cast<int64_t>(group), row}, bytes.data()));
        sample.row = bytes.data();
      }
      const int64_t words[] = {sample.label, sample.id};
      digest = XXH64(words, sizeof(words), digest);
      digest = XXH64(sample.row, options_.row_bytes, digest);
    }
  }
  return digest;
}

}  // namespace reprise
