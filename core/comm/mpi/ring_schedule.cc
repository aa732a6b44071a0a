#include "core/comm/mpi/ring_schedule.h"

#include <algorithm>

namespace reprise {

std::optional<RingSchedule::Transfer> RingSchedule::NextReceive() const {
  if (IsEnd(posted_.at) || posted_.count - arrived_.count >= shape_.window) {
    return std::nullopt;
  }
  const Transfer transfer = TransferOf(posted_, ReceivedPart(posted_.at));
  // Where the sum goes, this rank has sent its own part from: W - 1 steps ago.
  const Position overwritten = {posted_.at.step + 1 - shape_.world_size,
                                posted_.at.element};
  if (!transfer.adds && !(overwritten < gone_.at)) return std::nullopt;
  return transfer;
}

std::optional<RingSchedule::Transfer> RingSchedule::NextSend() const {
  if (IsEnd(sent_.at) || sent_.count - gone_.count >= shape_.window) {
    return std::nullopt;
  }
  // What is sent in a step is what came in the step before.
  const Position came = {sent_.at.step - 1, sent_.at.element};
  if (sent_.at.step > 0 && !(came < arrived_.at)) return std::nullopt;
  return TransferOf(sent_, SentPart(sent_.at));
}

std::optional<RingSchedule::Transfer> RingSchedule::OldestReceive() const {
  if (arrived_.count == posted_.count) return std::nullopt;
  return TransferOf(arrived_, ReceivedPart(arrived_.at));
}

std::optional<RingSchedule::Transfer> RingSchedule::OldestSend() const {
  if (gone_.count == sent_.count) return std::nullopt;
  return TransferOf(gone_, SentPart(gone_.at));
}

int64_t RingSchedule::LongestPiece() const {
  return std::min(shape_.piece_elements, LengthOf(0));
}

int64_t RingSchedule::LengthOf(int part) const {
  const int64_t longer_ones = shape_.count % shape_.world_size;
  return shape_.count / shape_.world_size +
         (Wrapped(part) < longer_ones ? 1 : 0);
}

RingSchedule::Transfer RingSchedule::TransferOf(const Progress& progress,
                                                int part) const {
  const int64_t number = Wrapped(part);
  const int64_t begin_of_part =
      number * (shape_.count / shape_.world_size) +
      std::min(number, shape_.count % shape_.world_size);
  const int64_t element = progress.at.element;
  return {begin_of_part + element,
          std::min(shape_.piece_elements, LengthOf(part) - element),
          progress.count % shape_.window,
          progress.at.step < shape_.world_size - 1};
}

void RingSchedule::Advance(Progress* progress, int part) const {
  ++progress->count;
  Position& at = progress->at;
  at.element += shape_.piece_elements;
  if (at.element >= LengthOf(part)) at = {at.step + 1, 0};
}

}  // namespace reprise
