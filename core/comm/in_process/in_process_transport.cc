#include "core/comm/in_process/in_process_transport.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/cores.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/reduce.h"

namespace reprise {
namespace {

// What the ranks of a job share. The lock is held while a collective is carried
// out, so that nobody takes a buffer away meanwhile.
class Job {
 public:
  explicit Job(int world_size) : left_at_(world_size, -1) {}

  int world_size() const { return static_cast<int>(left_at_.size()); }

  // Rank `rank` arrives at its collective number `number`.
  absl::Status Arrive(int64_t number, int rank, const Collective& collective) {
    std::lock_guard<std::mutex> lock(mutex_);
    Meeting& meeting = meetings_[number];
    meeting.parts.resize(world_size());
    meeting.parts[rank] = &collective;
    ++meeting.arrived;
    FailIfSomebodyIsGone();
    if (!failure_.ok()) return failure_;
    if (meeting.arrived < world_size()) return absl::OkStatus();
    failure_ = Carry(meeting.parts);
    meeting.complete = failure_.ok();
    return failure_;
  }

  absl::StatusOr<bool> Test(int64_t number) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto it = meetings_.find(number);
    if (it->second.complete) {
      if (++it->second.tested == world_size()) meetings_.erase(it);
      return true;
    }
    if (!failure_.ok()) return failure_;
    return false;
  }

  void Fail(const absl::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) failure_ = status;
  }

  // Rank `rank` takes part in no collective from number `number` on.
  void Leave(int64_t number, int rank) {
    std::lock_guard<std::mutex> lock(mutex_);
    left_at_[rank] = number;
    FailIfSomebodyIsGone();
  }

 private:
  struct Meeting {
    std::vector<const Collective*> parts;  // by rank
    int arrived = 0, tested = 0;
    bool complete = false;
  };

  // An error instead of ranks that wait for ever.
  void FailIfSomebodyIsGone() {
    for (const auto& [number, meeting] : meetings_) {
      for (int rank = 0; rank < world_size() && failure_.ok(); ++rank) {
        if (left_at_[rank] < 0 || number < left_at_[rank]) continue;
        failure_ = DistributedError(absl::StrCat(
            "rank ", rank, " left the job before collective ", number));
      }
    }
  }

  // Carries out a collective whose parts are all there.
  absl::Status Carry(const std::vector<const Collective*>& parts) {
    const Collective& first = *parts[0];
    for (int rank = 1; rank < world_size(); ++rank) {
      const Collective& other = *parts[rank];
      if (other.kind != first.kind || other.count != first.count ||
          other.dtype != first.dtype || other.op != first.op ||
          other.root != first.root) {
        return DistributedError(absl::StrCat(
            "ranks disagree on a collective: rank 0 calls ", Signature(first),
            ", rank ", rank, " calls ", Signature(other)));
      }
    }
    switch (first.kind) {
      case Collective::Kind::kBarrier:
        break;
      case Collective::Kind::kAllReduce: {
        const int64_t bytes = first.count * SizeInBytes(first.dtype);
        for (int rank = 1; rank < world_size(); ++rank) {
          Reduce(parts[rank]->data, first.data, first.count, first.dtype,
                 first.op);
        }
        for (int rank = 1; rank < world_size() && bytes > 0; ++rank) {
          std::memcpy(parts[rank]->data, first.data, bytes);
        }
        break;
      }
      case Collective::Kind::kBroadcast:
        for (const Collective* part : parts) {
          if (first.count > 0 && part->data != parts[first.root]->data) {
            std::memcpy(part->data, parts[first.root]->data, first.count);
          }
        }
        break;
      case Collective::Kind::kAllGather:
        for (const Collective* part : parts) {
          for (int rank = 0; rank < world_size() && first.count > 0; ++rank) {
            std::memcpy(static_cast<char*>(part->data) + rank * first.count,
                        parts[rank]->sent, first.count);
          }
        }
        break;
      case Collective::Kind::kAllToAllv:
        return Exchange(parts);
    }
    return absl::OkStatus();
  }

  absl::Status Exchange(const std::vector<const Collective*>& parts) {
    for (int to = 0; to < world_size(); ++to) {
      int64_t received_at = 0;
      for (int from = 0; from < world_size(); ++from) {
        const std::vector<int64_t>& sizes = parts[from]->sent_bytes;
        const int64_t bytes = sizes[to];
        if (bytes != parts[to]->received_bytes[from]) {
          return DistributedError(absl::StrCat(
              "AllToAllv: rank ", from, " sends ", bytes, " bytes to rank ", to,
              ", which expects ", parts[to]->received_bytes[from]));
        }
        const int64_t sent_at =
            std::accumulate(sizes.begin(), sizes.begin() + to, int64_t{0});
        if (bytes > 0) {
          std::memcpy(static_cast<char*>(parts[to]->data) + received_at,
                      static_cast<const char*>(parts[from]->sent) + sent_at,
                      bytes);
        }
        received_at += bytes;
      }
    }
    return absl::OkStatus();
  }

  std::mutex mutex_;
  std::map<int64_t, Meeting> meetings_;  // by collective number
  std::vector<int64_t> left_at_;         // by rank; -1: still here
  absl::Status failure_;                 // the first one
};

class InProcessTransport final : public Transport {
 public:
  InProcessTransport(std::shared_ptr<Job> job, int rank)
      : job_(std::move(job)), rank_(rank) {
    info_.rank = info_.local_rank = rank;
    info_.world_size = info_.local_size = job_->world_size();
    info_.local_cores = UsableCores();
    info_.description = "in_process, reduction in rank order";
  }
  ~InProcessTransport() override { job_->Leave(next_number_, rank_); }

  const RankInfo& info() const override { return info_; }

  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    const int64_t number = next_number_++;
    REPRISE_RETURN_IF_ERROR(job_->Arrive(number, rank_, collective));
    return std::make_unique<Arrival>(job_.get(), number, rank_);
  }

  void Abort(const absl::Status& status) override {
    job_->Fail(Annotate(status, absl::StrCat("rank ", rank_)));
  }

  absl::Status Finalize() override {
    job_->Leave(next_number_, rank_);
    return absl::OkStatus();
  }

 private:
  class Arrival final : public Pending {
   public:
    Arrival(Job* job, int64_t number, int rank)
        : job_(job), number_(number), rank_(rank) {}

    // A rank that takes its buffers away ends the job.
    ~Arrival() override {
      if (!done_) {
        job_->Fail(DistributedError(
            absl::StrCat("rank ", rank_, " gave up collective ", number_)));
      }
    }

    absl::StatusOr<bool> Test() override {
      REPRISE_ASSIGN_OR_RETURN(done_, job_->Test(number_));
      return done_;
    }

   private:
    Job* const job_;
    const int64_t number_;
    const int rank_;
    bool done_ = false;
  };

  const std::shared_ptr<Job> job_;
  const int rank_;
  RankInfo info_;
  int64_t next_number_ = 0;
};

}  // namespace

std::vector<TransportFactory> InProcessJob(int world_size) {
  REPRISE_CHECK(world_size >= 1) << world_size;
  auto job = std::make_shared<Job>(world_size);
  std::vector<TransportFactory> factories;
  for (int rank = 0; rank < world_size; ++rank) {
    factories.push_back(
        [job, rank]() -> absl::StatusOr<std::unique_ptr<Transport>> {
          return std::make_unique<InProcessTransport>(job, rank);
        });
  }
  return factories;
}

}  // namespace reprise
