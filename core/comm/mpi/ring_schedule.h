// Which piece of an AllReduce over a ring a rank may send and receive next: the
// arithmetic of it, without a network.
//
// Each rank sends to the next one. The buffer is cut into a part per rank,
// longer ones first, by at most an element. In step k of 2 (W - 1), rank r
// sends part r + 1 - k and receives part r - k (modulo W), which in the first
// W - 1 steps is added to its own and then replaces it. So part p is ((rank
// p-1's + rank p's) + rank p+1's) + ..., and each rank sends 2 (W - 1) / W of
// the bytes.
//
// A part goes in pieces, each passed on as soon as it is added: the rest of the
// part is under way meanwhile, but no more of it than a window of pieces.
#ifndef REPRISE_CORE_COMM_MPI_RING_SCHEDULE_H_
#define REPRISE_CORE_COMM_MPI_RING_SCHEDULE_H_

#include <cstdint>
#include <optional>

namespace reprise {

// One rank's. Receives and sends are begun and complete in order, each in its
// own. Used by one thread at a time.
class RingSchedule {
 public:
  struct Shape {
    int64_t count = 0;           // elements of the buffer
    int64_t piece_elements = 1;  // the most of one message
    int64_t window = 2;          // pieces, at least 2
    int rank = 0, world_size = 1;
  };

  // A piece on its way: `count` elements of the buffer from `begin` on, maybe
  // none.
  struct Transfer {
    int64_t begin, count;
    int64_t slot;  // of the window: no two that are under way share one
    // Of a receive: into the slot's scratch, to be added to the buffer; else
    // into the buffer itself.
    bool adds;
  };

  explicit RingSchedule(const Shape& shape) : shape_(shape) {}

  // The receive to post next; nullopt while none may be: the window is full,
  // what it would overwrite has not gone yet, or there is no more.
  std::optional<Transfer> NextReceive() const;
  void NotePosted() { Advance(&posted_, ReceivedPart(posted_.at)); }

  // The send to start next; nullopt while none may be: the window is full, its
  // piece has not arrived yet, or there is no more.
  std::optional<Transfer> NextSend() const;
  void NoteSent() { Advance(&sent_, SentPart(sent_.at)); }

  // The oldest receive that was posted and has not arrived. NoteArrived: it
  // has, and is added where it adds.
  std::optional<Transfer> OldestReceive() const;
  void NoteArrived() { Advance(&arrived_, ReceivedPart(arrived_.at)); }

  // The oldest send that was started and has not gone.
  std::optional<Transfer> OldestSend() const;
  void NoteGone() { Advance(&gone_, SentPart(gone_.at)); }

  bool IsDone() const { return IsEnd(arrived_.at) && IsEnd(gone_.at); }

  // The most elements of a piece.
  int64_t LongestPiece() const;

 private:
  // A piece by the step that it goes in and its first element in the part.
  struct Position {
    int step = 0;
    int64_t element = 0;
    bool operator<(const Position& other) const {
      return step != other.step ? step < other.step : element < other.element;
    }
  };
  // The next piece that something is to be done with, and how many it was done
  // with.
  struct Progress {
    Position at;
    int64_t count = 0;
  };

  int Steps() const { return 2 * (shape_.world_size - 1); }
  bool IsEnd(const Position& at) const { return at.step >= Steps(); }
  int ReceivedPart(const Position& at) const { return shape_.rank - at.step; }
  int SentPart(const Position& at) const { return shape_.rank + 1 - at.step; }
  // Parts by number modulo W, at least -2 W.
  int64_t Wrapped(int part) const {
    return (part + 2 * shape_.world_size) % shape_.world_size;
  }
  int64_t LengthOf(int part) const;
  Transfer TransferOf(const Progress& progress, int part) const;
  // To the next piece of the part, else to the next step.
  void Advance(Progress* progress, int part) const;

  const Shape shape_;
  Progress posted_, arrived_, sent_, gone_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_MPI_RING_SCHEDULE_H_
