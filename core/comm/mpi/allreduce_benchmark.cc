// AllReduce through the communicator beside a plain loop of MPI_Allreduce in
// the same process, on the same buffer:
//
//   mpirun -np 2 bazel-bin/core/comm/mpi/allreduce_benchmark
//
// Both alternate in rounds. GB/s is the buffer's size over the time of one
// call, on rank 0.
//
// Then steps as in training, on rank 0: three buckets are declared, each is
// opened after a third of a computation that uses a core, and all are waited
// for; beside the same computation alone.
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/dtype.h"
#include "core/base/status.h"
#include "core/comm/collective.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/forwarding_transport.h"
#include "core/comm/mpi/mpi_transport.h"

namespace reprise {
namespace {

constexpr int kRounds = 9;
constexpr double kSecondsPerLoop = 0.15;

// A plain MPI_Allreduce where the transport would issue an AllGather: so the
// loop runs on the one thread that may call MPI, whenever the test asks.
class LoopTransport final : public ForwardingTransport {
 public:
  using ForwardingTransport::ForwardingTransport;

  // AllGather of `count` bytes: count / 4 floats of `received`, summed
  // plain_calls times.
  absl::StatusOr<std::unique_ptr<Pending>> Start(
      const Collective& collective) override {
    if (collective.kind != Collective::Kind::kAllGather) {
      return ForwardingTransport::Start(collective);
    }
    const int floats = static_cast<int>(collective.count / sizeof(float));
    for (int i = 0; i < plain_calls; ++i) {
      REPRISE_CHECK(MPI_Allreduce(MPI_IN_PLACE, collective.data, floats,
                                  MPI_FLOAT, MPI_SUM,
                                  MPI_COMM_WORLD) == MPI_SUCCESS)
          << "MPI_Allreduce";
    }
    struct Done final : public Pending {
      absl::StatusOr<bool> Test() override { return true; }
    };
    return std::make_unique<Done>();
  }

  static int plain_calls;
};
int LoopTransport::plain_calls = 1;

// Seconds of one of `calls`.
template <typename Call>
double Time(int calls, Communicator& communicator, const Call& call) {
  REPRISE_CHECK(communicator.Barrier()->Wait().ok()) << "barrier";
  const absl::Time begin = absl::Now();
  call();
  return absl::ToDoubleSeconds(absl::Now() - begin) / calls;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

std::string MedianAndRange(const std::vector<double>& values) {
  char text[64];
  std::snprintf(text, sizeof(text), "%.2f (%.2f..%.2f)", Median(values),
                *std::min_element(values.begin(), values.end()),
                *std::max_element(values.begin(), values.end()));
  return text;
}

// As much arithmetic each time, a few milliseconds.
void Compute() {
  volatile double seed = 1;
  double value = seed;
  for (int i = 0; i < 1000000; ++i) value = value * 0.999 + 0.001;
  seed = value;
}

void CompareWithPlainLoop(Communicator& communicator) {
  const bool tells = communicator.rank() == 0;
  if (tells) {
    std::printf("| bytes | communicator, GB/s | plain loop, GB/s | ratio |\n");
    std::printf("|---|---|---|---|\n");
  }
  for (const int64_t bytes : {64 << 10, 1 << 20, 4 << 20, 16 << 20}) {
    // Zeros: their sum over and over stays what it is.
    std::vector<float> buffer(bytes / sizeof(float));
    const auto ours = [&](int calls) {
      return Time(calls, communicator, [&] {
        // One after the other, as in the plain loop.
        for (int i = 0; i < calls; ++i) {
          REPRISE_CHECK(communicator
                            .AllReduce(buffer.data(),
                                       static_cast<int64_t>(buffer.size()),
                                       DType::kFloat32, ReduceOp::kSum)
                            ->Wait()
                            .ok())
              << "AllReduce";
        }
      });
    };
    const auto plain = [&](int calls) {
      LoopTransport::plain_calls = calls;
      return Time(calls, communicator, [&] {
        REPRISE_CHECK(
            communicator.AllGather(buffer.data(), bytes, buffer.data())
                ->Wait()
                .ok())
            << "plain loop";
      });
    };
    ours(2);
    double once = plain(2);
    REPRISE_CHECK(
        communicator.AllReduce(&once, 1, DType::kFloat64, ReduceOp::kMax)
            ->Wait()
            .ok())
        << "AllReduce";
    const int calls =
        std::clamp(static_cast<int>(kSecondsPerLoop / once), 3, 2000);
    std::vector<double> of_ours, of_plain, ratios;
    for (int round = 0; round < kRounds; ++round) {
      of_ours.push_back(ours(calls));
      of_plain.push_back(plain(calls));
      ratios.push_back(of_plain.back() / of_ours.back());
    }
    if (!tells) continue;
    std::printf("| %lld | %.2f | %.2f | %s |\n", static_cast<long long>(bytes),
                bytes / Median(of_ours) / 1e9, bytes / Median(of_plain) / 1e9,
                MedianAndRange(ratios).c_str());
  }
}

void TimeStepsOfTraining(Communicator& communicator) {
  constexpr int kSteps = 10, kBuckets = 3;
  const bool tells = communicator.rank() == 0;
  if (tells) {
    std::printf(
        "| bytes of a bucket | step, ms | computation alone, ms |"
        " ratio |\n|---|---|---|---|\n");
  }
  for (const int64_t bytes : {64 << 10, 1 << 20, 4 << 20}) {
    std::vector<std::vector<float>> buckets(
        kBuckets, std::vector<float>(bytes / sizeof(float)));
    const auto computation = [&] {
      for (int i = 0; i < kBuckets * kSteps; ++i) Compute();
    };
    const auto steps = [&] {
      for (int i = 0; i < kSteps; ++i) {
        std::vector<std::shared_ptr<Work>> works;
        for (std::vector<float>& bucket : buckets) {
          works.push_back(communicator.AllReduce(
              bucket.data(), static_cast<int64_t>(bucket.size()),
              DType::kFloat32, ReduceOp::kSum, Gate::kClosed));
        }
        for (const std::shared_ptr<Work>& work : works) {
          Compute();
          work->Open();
        }
        for (const std::shared_ptr<Work>& work : works) {
          REPRISE_CHECK(work->Wait().ok()) << "AllReduce";
        }
      }
    };
    std::vector<double> of_steps, of_computation, ratios;
    for (int round = 0; round < kRounds; ++round) {
      of_steps.push_back(1000 * Time(kSteps, communicator, steps));
      of_computation.push_back(1000 * Time(kSteps, communicator, computation));
      ratios.push_back(of_steps.back() / of_computation.back());
    }
    if (!tells) continue;
    std::printf("| %lld | %s | %s | %s |\n", static_cast<long long>(bytes),
                MedianAndRange(of_steps).c_str(),
                MedianAndRange(of_computation).c_str(),
                MedianAndRange(ratios).c_str());
  }
}

absl::Status Run() {
  REPRISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<Communicator> communicator,
      Communicator::Create([]() -> absl::StatusOr<std::unique_ptr<Transport>> {
        REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> transport,
                                 MakeMpiTransport());
        return std::make_unique<LoopTransport>(std::move(transport));
      }));
  if (communicator->rank() == 0) {
    std::printf("%s, %d ranks\n", communicator->Describe().c_str(),
                communicator->world_size());
  }
  CompareWithPlainLoop(*communicator);
  TimeStepsOfTraining(*communicator);
  return communicator->Finalize();
}

}  // namespace
}  // namespace reprise

int main() {
  const absl::Status status = reprise::Run();
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return static_cast<int>(reprise::ExitCodeOf(status));
}
