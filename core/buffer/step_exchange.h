// The rehearsal buffer's exchange in flight: drawn rows on their way to the
// ranks that train on them, and the labels of the candidates that come with
// them.
#ifndef REPRISE_CORE_BUFFER_STEP_EXCHANGE_H_
#define REPRISE_CORE_BUFFER_STEP_EXCHANGE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/sample.h"
#include "core/base/state.h"
#include "core/buffer/exchange_codec.h"
#include "core/buffer/rank_contents.h"
#include "core/buffer/rehearsal_step.h"
#include "core/buffer/row_store.h"
#include "core/buffer/slot_directory.h"
#include "core/comm/communicator.h"

namespace reprise {

// The candidates of a step over all ranks, in the order in which they are
// offered.
struct StepCandidates {
  int64_t task = 0, step = 0;
  std::vector<int> ranks;       // that met them
  std::vector<Sample> own;      // those of this rank
  std::vector<int32_t> labels;  // of all, once the exchange is finished
};

// One exchange at a time. All counts follow from what every rank knows, so
// nothing is asked for: draw i goes to rank i modulo W, from the rank that
// holds its row. What one exchange received outlives the next one's start: the
// exchanges use two sides in turn. Not thread-safe.
class StepExchange {
 public:
  // `communicator`: nullptr for a rank alone. `first_draw` is added to the
  // numbers of draws. Both and `contents` outlive this.
  StepExchange(Communicator* communicator, RankContents* contents,
               int64_t first_draw);

  // Waits for what is under way.
  ~StepExchange();
  StepExchange(const StepExchange&) = delete;

  // Collective. Packs this rank's rows of `drawn`, which is a draw of
  // `directory` as it is now, and lets them go; waits for nobody. Errors as
  // RowStore::StartExchange.
  absl::Status Start(StepCandidates candidates, const SlotDirectory& directory,
                     const std::vector<SlotDirectory::Drawn>& drawn);
  bool is_under_way() const { return under_way_; }

  // Waits for it. DistributedError if a collective failed, or,
  // MarkAgreed, if the buffers of ranks differ.
  absl::Status Finish();

  // Of the last exchange finished: each once, empty from then on.
  Representatives TakeRepresentatives();
  StepCandidates TakeCandidates();

  int64_t bytes_sent() const { return bytes_sent_; }  // to others so far

  // With nothing under way and the candidates taken: what TakeRepresentatives
  // would give. Loaded into one that was never started. Errors as
  // core/base/state.h and RowStore::Read.
  absl::Status SaveState(const StateWriter& state, int64_t row_bytes) const;
  // `most_draws`: of a step, over the sharing ranks.
  absl::Status LoadState(const StateReader& state, int64_t row_bytes,
                         int64_t num_classes, int64_t most_draws);

 private:
  // A row that this rank is given.
  struct Expected {
    int from = 0;
    int64_t number = 0;  // among the rows from there
    int32_t label = 0;
    int64_t draw = 0;
  };

  struct Side {
    std::vector<std::byte> sent, received;            // messages by rank
    std::vector<int64_t> sent_bytes, received_bytes;  // [W]
    std::vector<int64_t> labels, rows;  // [W] how many come from each rank
    std::vector<Expected> expected;     // in draw order
    std::vector<int64_t> class_count, stored;
    std::shared_ptr<Work> work;  // nullptr where nobody else takes part
  };

  // By the rank that they go to, in draw order.
  using Leaving = std::vector<std::vector<RowRef>>;

  Leaving Route(const std::vector<SlotDirectory::Drawn>& drawn, Side& side);
  void Pack(const ExchangeHeader& header, const Leaving& leaving, Side& side);
  absl::Status Send(const Leaving& leaving, Side& side);
  absl::StatusOr<std::vector<ExchangeMessage>> Decode(const Side& side) const;
  void Collect(const std::vector<ExchangeMessage>& messages, Side& side);

  Communicator* const communicator_;  // nullptr: alone
  RankContents& contents_;
  const ExchangeCodec codec_;
  const int64_t first_draw_;
  const int rank_, world_size_;  // among the sharing ranks

  StepCandidates candidates_;
  Side sides_[2];
  int current_ = 0;  // the side last started
  bool under_way_ = false;
  Representatives finished_;
  int64_t bytes_sent_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_BUFFER_STEP_EXCHANGE_H_
