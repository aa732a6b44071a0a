// All ranks' schedules over a network that is played: messages between two
// ranks keep their order, and arrive and go when a random draw says so.
#include "core/comm/mpi/ring_schedule.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/base/philox.h"
#include "gtest/gtest.h"

namespace reprise {
namespace {

// An element is the text of the sum that made it; a rank's own is its number.
using Elements = std::vector<std::string>;
constexpr char kTorn[] = "torn";  // while a receive may write there

class Ring {
 public:
  Ring(int64_t count, int ranks, int64_t piece, int64_t window, uint32_t draw)
      : window_(window), draws_({7, Purpose::kTest, draw, 0, 0}) {
    for (int rank = 0; rank < ranks; ++rank) {
      RingSchedule::Shape shape;
      shape.count = count;
      shape.piece_elements = piece;
      shape.window = window;
      shape.rank = rank;
      shape.world_size = ranks;
      ranks_.push_back({RingSchedule(shape),
                        Elements(count, std::to_string(rank)),
                        std::vector<Elements>(window),
                        {}});
    }
  }

  // Whether all came to an end.
  bool Run() {
    for (int idle = 0; idle < 10000; ++idle) {
      bool all_done = true;
      for (size_t rank = 0; rank < ranks_.size(); ++rank) {
        if (ranks_[rank].schedule.IsDone()) continue;
        all_done = false;
        if (Turn(rank)) idle = 0;
      }
      if (all_done) return true;
    }
    return false;
  }

  const Elements& data(int rank) const { return ranks_[rank].data; }
  int64_t most_elements_sent() const { return most_sent_; }

 private:
  struct Rank {
    RingSchedule schedule;
    Elements data;
    std::vector<Elements> scratch;  // by slot
    std::deque<Elements> inbox;     // what the rank before has sent
    int64_t posted = 0, started = 0, sent_elements = 0;
  };

  bool Happens() { return draws_.NextBelow(2) == 0; }

  bool Turn(size_t number) {
    Rank& rank = ranks_[number];
    Rank& next = ranks_[(number + 1) % ranks_.size()];
    bool any = false;
    while (const auto piece = rank.schedule.NextReceive()) {
      EXPECT_LE(++rank.posted, window_);
      // MPI may write from now on.
      if (!piece->adds)
        Write(&rank.data, *piece, Elements(piece->count, kTorn));
      rank.schedule.NotePosted();
      any = true;
    }
    while (const auto piece = rank.schedule.NextSend()) {
      EXPECT_LE(++rank.started, window_);
      EXPECT_LE(piece->count, rank.schedule.LongestPiece());
      rank.sent_elements += piece->count;
      most_sent_ = std::max(most_sent_, rank.sent_elements);
      rank.schedule.NoteSent();
      any = true;
    }
    // MPI may read until it says that a send is done.
    while (const auto piece = rank.schedule.OldestSend()) {
      if (!Happens()) break;
      const auto begin = rank.data.begin() + piece->begin;
      next.inbox.emplace_back(begin, begin + piece->count);
      --rank.started;
      rank.schedule.NoteGone();
      any = true;
    }
    while (const auto piece = rank.schedule.OldestReceive()) {
      if (rank.inbox.empty() || !Happens()) break;
      Arrive(&rank, *piece);
      any = true;
    }
    return any;
  }

  void Arrive(Rank* rank, const RingSchedule::Transfer& piece) {
    Elements came = rank->inbox.front();
    rank->inbox.pop_front();
    ASSERT_EQ(came.size(), piece.count);
    if (piece.adds) {
      for (int64_t i = 0; i < piece.count; ++i) {
        came[i] = "(" + came[i] + "+" + rank->data[piece.begin + i] + ")";
      }
    }
    Write(&rank->data, piece, came);
    --rank->posted;
    rank->schedule.NoteArrived();
  }

  static void Write(Elements* data, const RingSchedule::Transfer& piece,
                    const Elements& values) {
    std::copy(values.begin(), values.end(), data->begin() + piece.begin);
  }

  const int64_t window_;
  PhiloxStream draws_;
  std::vector<Rank> ranks_;
  int64_t most_sent_ = 0;
};

// Part p of W: ((rank p-1's + rank p's) + rank p+1's) + ...
Elements Expected(int64_t count, int ranks) {
  Elements expected;
  for (int part = 0; part < ranks; ++part) {
    std::string sum = std::to_string((part + ranks - 1) % ranks);
    for (int k = 0; k + 1 < ranks; ++k) {
      sum = "(" + sum + "+" + std::to_string((part + k) % ranks) + ")";
    }
    const int64_t length = count / ranks + (part < count % ranks ? 1 : 0);
    expected.insert(expected.end(), length, sum);
  }
  return expected;
}

TEST(RingSchedule, AddsEachPartInItsOrderWhateverArrivesWhen) {
  uint32_t draw = 0;
  for (const int ranks : {1, 2, 3, 4, 7}) {
    for (const int64_t count : {0, 1, 2, 6, 7, 40}) {
      for (const int64_t piece : {1, 3, 100}) {
        for (const int64_t window : {2, 3, 8}) {
          Ring ring(count, ranks, piece, window, ++draw);
          ASSERT_TRUE(ring.Run())
              << count << " elements, " << ranks << " ranks, pieces of "
              << piece << ", windows of " << window;
          for (int rank = 0; rank < ranks; ++rank) {
            ASSERT_EQ(ring.data(rank), Expected(count, ranks))
                << count << " elements, rank " << rank << " of " << ranks
                << ", pieces of " << piece << ", windows of " << window;
          }
        }
      }
    }
  }
}

TEST(RingSchedule, SendsTwiceTheShareOfTheOtherRanks) {
  Ring ring(/*count=*/40, /*ranks=*/4, /*piece=*/3, /*window=*/2, /*draw=*/0);
  ASSERT_TRUE(ring.Run());
  EXPECT_EQ(ring.most_elements_sent(), 2 * 3 * 40 / 4);
}

TEST(RingSchedule, FillsItsWindowAndNoMore) {
  RingSchedule::Shape shape;
  shape.count = 100;
  shape.piece_elements = 5;
  shape.window = 3;
  shape.rank = 1;
  shape.world_size = 2;
  RingSchedule schedule(shape);
  for (int64_t slot = 0; slot < 3; ++slot) {
    const std::optional<RingSchedule::Transfer> piece = schedule.NextReceive();
    ASSERT_TRUE(piece.has_value());
    EXPECT_EQ(piece->slot, slot);
    EXPECT_EQ(piece->begin, 50 + 5 * slot);  // part 1 is added first
    EXPECT_TRUE(piece->adds);
    schedule.NotePosted();
  }
  EXPECT_FALSE(schedule.NextReceive().has_value());
  schedule.NoteArrived();
  EXPECT_EQ(schedule.NextReceive()->slot, 0);
}

}  // namespace
}  // namespace reprise
