#include "core/buffer/step_exchange.h"

#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/span.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"

namespace reprise {
namespace {

int64_t Sum(const std::vector<int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), int64_t{0});
}

std::string Describe(const ExchangeHeader& header) {
  return absl::StrFormat("task %d, step %d, digest %016x", header.task + 1,
                         header.step + 1, header.digest);
}

}  // namespace

StepExchange::StepExchange(Communicator* communicator, RankContents* contents,
                           int64_t first_draw)
    : communicator_(communicator),
      contents_(*contents),
      codec_(contents->rows().bytes_in_message()),
      first_draw_(first_draw),
      rank_(communicator == nullptr ? 0 : communicator->rank()),
      world_size_(communicator == nullptr ? 1 : communicator->world_size()) {}

StepExchange::~StepExchange() {
  if (!under_way_) return;
  // The communicator may still write into the memory that goes. Its error, if
  // any, is that of its next collective, too: nothing is lost here.
  const std::shared_ptr<Work>& work = sides_[current_].work;
  if (work != nullptr) (void)work->Wait();
  (void)contents_.rows().FinishExchange(current_);
}

absl::Status StepExchange::Start(
    StepCandidates candidates, const SlotDirectory& directory,
    const std::vector<SlotDirectory::Drawn>& drawn) {
  candidates_ = std::move(candidates);
  current_ = 1 - current_;
  under_way_ = true;
  Side& side = sides_[current_];
  side.work = nullptr;
  // The state drawn from goes with the draw: by the time that a step is given
  // these rows, the buffer may have taken in more.
  side.class_count = directory.class_count();
  side.stored = directory.stored();
  side.labels.assign(world_size_, 0);
  for (const int rank : candidates_.ranks) ++side.labels[rank];
  const Leaving leaving = Route(drawn, side);
  Pack({candidates_.task, candidates_.step, directory.digest()}, leaving, side);
  return Send(leaving, side);
}

// Every rank goes through the whole draw, so senders know what to send and
// receivers what to expect without a word between them.
StepExchange::Leaving StepExchange::Route(
    const std::vector<SlotDirectory::Drawn>& drawn, Side& side) {
  Leaving leaving(world_size_);
  side.expected.clear();
  side.rows.assign(world_size_, 0);
  for (size_t i = 0; i < drawn.size(); ++i) {
    const int to = static_cast<int>(i % world_size_);
    const int from = drawn[i].location.rank;
    if (from == rank_) {
      leaving[to].push_back({drawn[i].group, drawn[i].location.row});
    }
    if (to != rank_) continue;
    side.expected.push_back({from, side.rows[from]++, drawn[i].label,
                             first_draw_ + static_cast<int64_t>(i)});
  }
  return leaving;
}

void StepExchange::Pack(const ExchangeHeader& header, const Leaving& leaving,
                        Side& side) {
  std::vector<int32_t> labels;
  for (const Sample& sample : candidates_.own) labels.push_back(sample.label);
  side.sent_bytes.clear();
  side.received_bytes.clear();
  for (int rank = 0; rank < world_size_; ++rank) {
    side.sent_bytes.push_back(
        codec_.MessageBytes(side.labels[rank_], leaving[rank].size()));
    side.received_bytes.push_back(
        codec_.MessageBytes(side.labels[rank], side.rows[rank]));
  }
  // Memory is kept from step to step: after the first few none is allocated.
  side.sent.resize(Sum(side.sent_bytes));
  side.received.resize(Sum(side.received_bytes));
  std::byte* message = side.sent.data();
  for (int rank = 0; rank < world_size_; ++rank) {
    codec_.EncodeHead(header, labels, message);
    for (size_t i = 0; i < leaving[rank].size(); ++i) {
      const RowRef& row = leaving[rank][i];
      contents_.rows().Pack(
          row, codec_.EncodeRecord(side.labels[rank_], i, contents_.id(row),
                                   message));
    }
    message += side.sent_bytes[rank];
  }
}

absl::Status StepExchange::Send(const Leaving& leaving, Side& side) {
  std::vector<RowRef> rows;
  std::vector<int64_t> rows_to;
  for (const std::vector<RowRef>& to_rank : leaving) {
    rows.insert(rows.end(), to_rank.begin(), to_rank.end());
    rows_to.push_back(static_cast<int64_t>(to_rank.size()));
  }
  // Both exchanges may go by one communicator: their order is the same on
  // every rank.
  bytes_sent_ +=
      (Sum(rows_to) - rows_to[rank_]) * contents_.rows().bytes_on_their_own();
  REPRISE_RETURN_IF_ERROR(
      contents_.rows().StartExchange(current_, rows, rows_to, side.rows));
  if (world_size_ == 1) {
    std::swap(side.sent, side.received);
    return absl::OkStatus();
  }
  bytes_sent_ += Sum(side.sent_bytes) - side.sent_bytes[rank_];
  side.work =
      communicator_->AllToAllv(side.sent.data(), side.sent_bytes,
                               side.received.data(), side.received_bytes);
  return absl::OkStatus();
}

absl::Status StepExchange::Finish() {
  Side& side = sides_[current_];
  if (side.work != nullptr) {
    // Where their buffers differ, ranks may disagree on its sizes.
    REPRISE_RETURN_IF_ERROR(Annotate(side.work->Wait(), "rehearsal exchange"));
  }
  REPRISE_RETURN_IF_ERROR(Annotate(contents_.rows().FinishExchange(current_),
                                   "exchange of rehearsed rows"));
  under_way_ = false;
  REPRISE_ASSIGN_OR_RETURN(const std::vector<ExchangeMessage> messages,
                           Decode(side));
  // Each rank's labels come in the order in which it offers them.
  std::vector<int64_t> met(world_size_);
  for (const int rank : candidates_.ranks) {
    candidates_.labels.push_back(messages[rank].label(met[rank]++));
  }
  Collect(messages, side);
  return absl::OkStatus();
}

// The messages by rank. An error where their headers differ.
absl::StatusOr<std::vector<ExchangeMessage>> StepExchange::Decode(
    const Side& side) const {
  std::vector<ExchangeMessage> messages;
  absl::Span<const std::byte> bytes = side.received;
  for (int rank = 0; rank < world_size_; ++rank) {
    // Cannot fail here, where sizes are the codec's own: an error of one rank
    // alone would part it from the others.
    REPRISE_ASSIGN_OR_RETURN(
        ExchangeMessage message,
        codec_.Decode(bytes.first(side.received_bytes[rank]), side.labels[rank],
                      side.rows[rank]));
    messages.push_back(message);
    bytes.remove_prefix(side.received_bytes[rank]);
    if (message.header() == messages[0].header()) continue;
    // Every rank has all headers and compares them in this order, so every one
    // finds this, and they may leave together.
    return MarkAgreed(DistributedError(absl::StrCat(
        "the rehearsal buffer differs between rank 0 (",
        Describe(messages[0].header()), ") and rank ", rank, " (",
        Describe(message.header()), "); the run cannot be trusted")));
  }
  return messages;
}

// What this rank is given, in draw order, whichever ranks it comes from.
void StepExchange::Collect(const std::vector<ExchangeMessage>& messages,
                           Side& side) {
  finished_ = Representatives{};
  finished_.class_count = std::move(side.class_count);
  finished_.stored = std::move(side.stored);
  std::vector<int64_t> rows_before(world_size_);
  std::exclusive_scan(side.rows.begin(), side.rows.end(), rows_before.begin(),
                      int64_t{0});
  for (const Expected& expected : side.expected) {
    const ExchangeMessage& message = messages[expected.from];
    const std::byte* const row = contents_.rows().Received(
        current_, rows_before[expected.from] + expected.number,
        message.row(expected.number));
    finished_.samples.push_back(
        {row, expected.label, message.id(expected.number)});
    finished_.draws.push_back(expected.draw);
  }
}

Representatives StepExchange::TakeRepresentatives() {
  return std::exchange(finished_, Representatives{});
}

StepCandidates StepExchange::TakeCandidates() {
  return std::exchange(candidates_, StepCandidates{});
}

absl::Status StepExchange::SaveState(const StateWriter& state,
                                     int64_t row_bytes) const {
  REPRISE_CHECK(!under_way_ && candidates_.labels.empty())
      << "saved while under way";
  std::vector<int32_t> labels;
  std::vector<int64_t> ids;
  std::vector<std::byte> bytes(finished_.samples.size() * row_bytes);
  std::byte* to = bytes.data();
  for (const Sample& sample : finished_.samples) {
    labels.push_back(sample.label);
    ids.push_back(sample.id);
    REPRISE_RETURN_IF_ERROR(contents_.rows().ReadReceived(sample.row, to));
    to += row_bytes;
  }
  state.Put("labels", labels);
  state.Put("ids", ids);
  state.Put("draws", finished_.draws);
  state.PutArray("rows", DType::kUint8,
                 {static_cast<int64_t>(labels.size()), row_bytes},
                 bytes.data());
  state.Put("class_count", finished_.class_count);
  state.Put("stored", finished_.stored);
  state.Put("bytes_sent", bytes_sent_);
  return absl::OkStatus();
}

absl::Status StepExchange::LoadState(const StateReader& state,
                                     int64_t row_bytes, int64_t num_classes,
                                     int64_t most_draws) {
  REPRISE_CHECK(!under_way_) << "loaded while under way";
  constexpr int kSide = 0;
  std::vector<int32_t> labels;
  REPRISE_RETURN_IF_ERROR(state.Get("labels", &labels));
  const int64_t rows = static_cast<int64_t>(labels.size());
  std::vector<int64_t> ids(rows);
  finished_ = Representatives{};
  finished_.draws.resize(rows);
  std::vector<std::byte>& bytes = sides_[kSide].received;
  bytes.resize(rows * row_bytes);
  REPRISE_RETURN_IF_ERROR(
      state.GetArray("ids", DType::kInt64, {rows}, ids.data()));
  REPRISE_RETURN_IF_ERROR(
      state.GetArray("draws", DType::kInt64, {rows}, finished_.draws.data()));
  REPRISE_RETURN_IF_ERROR(
      state.GetArray("rows", DType::kUint8, {rows, row_bytes}, bytes.data()));
  REPRISE_RETURN_IF_ERROR(state.Get("class_count", &finished_.class_count));
  REPRISE_RETURN_IF_ERROR(state.Get("stored", &finished_.stored));
  REPRISE_RETURN_IF_ERROR(state.Get("bytes_sent", &bytes_sent_));
  // Empty before the first exchange.
  for (const std::vector<int64_t>* counts :
       {&finished_.class_count, &finished_.stored}) {
    if (counts->empty() && rows == 0) continue;
    if (static_cast<int64_t>(counts->size()) == num_classes) continue;
    return state.Error(absl::StrCat("class_count, stored: expected ",
                                    num_classes, " classes, found ",
                                    counts->size()));
  }
  REPRISE_RETURN_IF_ERROR(
      contents_.rows().SetReceived(kSide, bytes.data(), rows));
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t draw = finished_.draws[i] - first_draw_;
    if (labels[i] < 0 || labels[i] >= num_classes || draw < 0 ||
        draw >= most_draws) {
      return state.Error(absl::StrCat(
          "labels, draws: expected less than ", num_classes, ", and ",
          first_draw_, " to ", first_draw_ + most_draws - 1, ", found ",
          labels[i], ", ", finished_.draws[i]));
    }
    finished_.samples.push_back(
        {contents_.rows().Received(kSide, i, bytes.data() + i * row_bytes),
         labels[i], ids[i]});
  }
  current_ = kSide;
  return absl::OkStatus();
}

}  // namespace reprise
