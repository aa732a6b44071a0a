// Training steps without training: a rank sleeps where it would compute and
// communicates as a training step does, so more ranks than cores can be timed.
// It starts itself over hosts as an experiment's program does.
//
//   step_replay [--hosts=a:1,b:1] [--realtime] replay SCHEDULE STEPS
//   step_replay [--hosts=a:1,b:1] [--realtime] allreduce REPEATS BYTES...
//
// --realtime (root): other load of the machine does not delay the ranks, from
// the first step to the last. Not before and after: MPI's own start and end
// spin, which would take the cores from everybody.
//
// replay: STEPS steps after 5 that do not count. Of each: the rehearsal
// exchange (served by the step after, as asynchronous rehearsal does), forward,
// each parameter's gradient marked when backward has come to it, the wait for
// the sums, the optimizer. The schedule is text (cost_model.py writes it):
//   forward SECONDS             and: backward, optimizer
//   first_bucket_bytes BYTES    and: bucket_bytes; optional
//   rehearsal R C ROW_BYTES     drawn and offered per rank and step; optional
//   parameter ELEMENTS READY    in registration order; READY: the part of
//                               backward after which its gradient is there
// allreduce: REPEATS AllReduces of each size, one after the other, after 3
// that do not count.
//
// Rank 0 prints one line of JSON. "run_delay" is how long the threads of a rank
// were ready and had no core (/proc/PID/task/TID/schedstat), the most of any
// rank: near 0 where the cores were not the limit.
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/status.h"
#include "core/comm/communicator.h"
#include "core/comm/decorators/forwarding_transport.h"
#include "core/comm/gradients/gradient_memory.h"
#include "core/comm/gradients/gradient_reducer.h"
#include "core/comm/gradients/parameter_layout.h"
#include "core/comm/mpi/mpi_transport.h"
#include "launch/mpirun/command/network.h"
#include "launch/mpirun/host_list.h"
#include "launch/mpirun/mpirun_launcher.h"
#include "launch/process/rank_process.h"

namespace reprise {
namespace {

constexpr int kStepsBefore = 5, kReducesBefore = 3;

struct StepSchedule {
  double forward = 0, backward = 0, optimizer = 0;
  GradientReducer::Options reducer;
  int64_t representatives = 0, candidates = 0, row_bytes = 0;
  bool rehearses = false;
  std::vector<int64_t> sizes;
  std::vector<double> ready;
};

absl::StatusOr<StepSchedule> ReadSchedule(const std::string& path) {
  std::ifstream file(path);
  if (!file) return UsageError("cannot read " + path);
  StepSchedule schedule;
  int number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word[0] == '#') continue;
    if (word == "forward") {
      words >> schedule.forward;
    } else if (word == "backward") {
      words >> schedule.backward;
    } else if (word == "optimizer") {
      words >> schedule.optimizer;
    } else if (word == "first_bucket_bytes") {
      words >> schedule.reducer.first_bucket_bytes;
    } else if (word == "bucket_bytes") {
      words >> schedule.reducer.bucket_bytes;
    } else if (word == "rehearsal") {
      schedule.rehearses = true;
      words >> schedule.representatives >> schedule.candidates >>
          schedule.row_bytes;
    } else if (word == "parameter") {
      int64_t size = 0;
      double ready = 0;
      words >> size >> ready;
      schedule.sizes.push_back(size);
      schedule.ready.push_back(ready);
    } else {
      words.setstate(std::ios::failbit);
    }
    if (words.fail()) return UsageError(absl::StrCat(path, ":", number));
  }
  return schedule;
}

// Sleeps to a moment, so that a late waking does not add up.
void SleepUntil(absl::Time moment) {
  const timespec until = absl::ToTimespec(moment);
  while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

// Of all threads of this process: on a core, and ready without one.
struct Cores {
  double used = 0, waited = 0;
};

Cores CoresOfThreads() {
  Cores cores;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "schedstat");
    double used = 0, waited = 0;
    if (file >> used >> waited) {
      cores.used += used / 1e9;
      cores.waited += waited / 1e9;
    }
  }
  return cores;
}

// Sent by the interfaces of this host, those of the loopback kind excepted.
int64_t BytesOnWire() {
  std::ifstream file("/proc/self/net/dev");
  int64_t bytes = 0;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    if (absl::StrContains(line.substr(0, colon), "lo")) continue;
    std::istringstream words(line.substr(colon + 1));
    int64_t value = 0;
    for (int i = 0; i < 9; ++i) words >> value;  // the ninth: sent
    bytes += value;
  }
  return bytes;
}

std::string List(const std::vector<double>& values) {
  return absl::StrCat("[",
                      absl::StrJoin(values, ",",
                                    [](std::string* out, double value) {
                                      absl::StrAppendFormat(out, "%.7g", value);
                                    }),
                      "]");
}

// What all steps took together, on the rank that it was worst for (bytes: of
// all ranks).
struct Usage {
  double seconds = 0, used = 0, waited = 0, bytes = 0;
};

// All threads there are.
absl::Status Schedule(int policy, int priority) {
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    const pid_t thread = std::atoi(task.path().filename().c_str());
    sched_param parameters = {};
    parameters.sched_priority = priority;
    if (sched_setscheduler(thread, policy, &parameters) != 0) {
      return UsageError(absl::StrCat("sched_setscheduler: ", strerror(errno)));
    }
  }
  return absl::OkStatus();
}

class Meter {
 public:
  explicit Meter(Communicator& communicator) : communicator_(communicator) {}

  absl::Status Start() {
    REPRISE_RETURN_IF_ERROR(communicator_.Barrier()->Wait());
    started_ = absl::Now();
    cores_ = CoresOfThreads();
    bytes_ = BytesOnWire();
    return absl::OkStatus();
  }

  absl::StatusOr<Usage> Stop() {
    const double seconds = absl::ToDoubleSeconds(absl::Now() - started_);
    REPRISE_RETURN_IF_ERROR(communicator_.Barrier()->Wait());
    const Cores cores = CoresOfThreads();
    double most[] = {seconds, cores.waited - cores_.waited};
    double sums[] = {cores.used - cores_.used,
                     static_cast<double>(BytesOnWire() - bytes_)};
    REPRISE_RETURN_IF_ERROR(
        communicator_.AllReduce(most, 2, DType::kFloat64, ReduceOp::kMax)
            ->Wait());
    REPRISE_RETURN_IF_ERROR(
        communicator_.AllReduce(sums, 2, DType::kFloat64, ReduceOp::kSum)
            ->Wait());
    return Usage{most[0], sums[0], most[1], sums[1]};
  }

 private:
  Communicator& communicator_;
  absl::Time started_;
  Cores cores_;
  int64_t bytes_ = 0;
};

// Even parts of the draw: what rank `from` sends to rank `to`, as
// core/buffer/rehearsal_buffer.h lays it out.
int64_t ExchangeBytes(const StepSchedule& schedule, int ranks, int from,
                      int to) {
  if (from == to) return 0;
  const auto up_to_8 = [](int64_t bytes) { return (bytes + 7) / 8 * 8; };
  int64_t rows = schedule.representatives / ranks;
  if ((to - from + ranks) % ranks < schedule.representatives % ranks) ++rows;
  return up_to_8(16 + 4 * schedule.candidates) +
         (8 + up_to_8(schedule.row_bytes)) * rows;
}

struct Exchange {
  std::vector<char> sent, received;
  std::vector<int64_t> sent_bytes, received_bytes;
  std::shared_ptr<Work> work;
};

Exchange MakeExchange(const StepSchedule& schedule, int ranks, int rank) {
  Exchange exchange;
  int64_t sent = 0, received = 0;
  for (int other = 0; other < ranks; ++other) {
    exchange.sent_bytes.push_back(ExchangeBytes(schedule, ranks, rank, other));
    exchange.received_bytes.push_back(
        ExchangeBytes(schedule, ranks, other, rank));
    sent += exchange.sent_bytes.back();
    received += exchange.received_bytes.back();
  }
  exchange.sent.resize(sent);
  exchange.received.resize(received);
  return exchange;
}

// Parameters in the order in which backward comes to them.
std::vector<size_t> OrderOfBackward(const StepSchedule& schedule) {
  std::vector<size_t> order(schedule.sizes.size());
  for (size_t p = 0; p < order.size(); ++p) order[p] = p;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return schedule.ready[a] != schedule.ready[b]
               ? schedule.ready[a] < schedule.ready[b]
               : a > b;
  });
  return order;
}

// Seconds, of each step.
struct StepTimes {
  std::vector<double> step, rehearsal_wait, exposed, busy, overlapped;
};

void PrintReplay(int ranks, int steps, int64_t parameters, size_t buckets,
                 const Usage& usage, const StepTimes& times) {
  absl::PrintF(
      "{\"ranks\":%d,\"steps\":%d,\"parameters\":%d,\"buckets\":%d,"
      "\"seconds\":%.6f,\"cores_used\":%.6f,\"run_delay\":%.6f,"
      "\"bytes_all_ranks\":%.0f,\"step\":%s,\"rehearsal_wait\":%s,"
      "\"exposed\":%s,\"busy\":%s,\"overlapped\":%s}\n",
      ranks, steps, parameters, buckets, usage.seconds, usage.used,
      usage.waited, usage.bytes, List(times.step), List(times.rehearsal_wait),
      List(times.exposed), List(times.busy), List(times.overlapped));
  std::fflush(stdout);
}

absl::Status Replay(Communicator& communicator, const std::string& path,
                    int steps) {
  REPRISE_ASSIGN_OR_RETURN(const StepSchedule schedule, ReadSchedule(path));
  const int ranks = communicator.world_size();
  const ParameterLayout layout(schedule.sizes);
  std::vector<float> flat(layout.gradients_length(), 1.0f);
  REPRISE_ASSIGN_OR_RETURN(
      const std::unique_ptr<GradientReducer> reducer,
      GradientReducer::Create(communicator, layout,
                              MakeHostGradients(flat.data(), DType::kFloat32),
                              schedule.reducer));
  const std::vector<size_t> order = OrderOfBackward(schedule);
  Exchange exchange = MakeExchange(schedule, ranks, communicator.rank());
  const bool rehearses = schedule.rehearses && ranks > 1;
  StepTimes times;
  Meter meter(communicator);
  for (int step = -kStepsBefore; step < steps; ++step) {
    if (step == 0) REPRISE_RETURN_IF_ERROR(meter.Start());
    const absl::Time begin = absl::Now();
    if (rehearses) {
      if (exchange.work != nullptr) {
        REPRISE_RETURN_IF_ERROR(exchange.work->Wait());
      }
      exchange.work = communicator.AllToAllv(
          exchange.sent.data(), exchange.sent_bytes, exchange.received.data(),
          exchange.received_bytes);
    }
    const absl::Time forward = absl::Now();
    reducer->BeginStep(1);
    const absl::Time backward = forward + absl::Seconds(schedule.forward);
    for (const size_t parameter : order) {
      SleepUntil(backward +
                 absl::Seconds(schedule.backward * schedule.ready[parameter]));
      reducer->MarkReady(static_cast<int64_t>(parameter));
    }
    SleepUntil(backward + absl::Seconds(schedule.backward));
    const absl::Time backward_end = absl::Now();
    REPRISE_ASSIGN_OR_RETURN(const StepReduction reduction, reducer->Finish());
    const absl::Time reduced = absl::Now();
    SleepUntil(reduced + absl::Seconds(schedule.optimizer));
    // Sums would grow to infinity, whose arithmetic may be slower.
    for (float& value : flat) value = 1.0f;
    if (step < 0) continue;
    times.step.push_back(absl::ToDoubleSeconds(absl::Now() - begin));
    times.rehearsal_wait.push_back(absl::ToDoubleSeconds(forward - begin));
    times.exposed.push_back(absl::ToDoubleSeconds(reduced - backward_end));
    times.busy.push_back(reduction.busy_seconds);
    times.overlapped.push_back(reduction.overlapped_seconds);
  }
  REPRISE_ASSIGN_OR_RETURN(const Usage usage, meter.Stop());
  if (exchange.work != nullptr) {
    REPRISE_RETURN_IF_ERROR(exchange.work->Wait());
  }
  if (communicator.rank() != 0) return absl::OkStatus();
  PrintReplay(ranks, steps, layout.num_values(), reducer->buckets().size(),
              usage, times);
  return absl::OkStatus();
}

absl::Status AllReduces(Communicator& communicator, int repeats,
                        const std::vector<int64_t>& sizes) {
  std::vector<std::string> results;
  for (const int64_t bytes : sizes) {
    const int64_t count = std::max<int64_t>(1, bytes / 4);
    std::vector<float> values(count, 0.0f);
    std::vector<double> seconds;
    Meter meter(communicator);
    for (int repeat = -kReducesBefore; repeat < repeats; ++repeat) {
      if (repeat == 0) REPRISE_RETURN_IF_ERROR(meter.Start());
      const absl::Time begin = absl::Now();
      REPRISE_RETURN_IF_ERROR(
          communicator
              .AllReduce(values.data(), count, DType::kFloat32, ReduceOp::kSum)
              ->Wait());
      if (repeat >= 0) {
        seconds.push_back(absl::ToDoubleSeconds(absl::Now() - begin));
      }
    }
    REPRISE_ASSIGN_OR_RETURN(const Usage usage, meter.Stop());
    results.push_back(absl::StrFormat(
        "{\"bytes\":%d,\"seconds\":%s,\"all_seconds\":%.6f,"
        "\"cores_used\":%.6f,\"run_delay\":%.6f}",
        4 * count, List(seconds), usage.seconds, usage.used, usage.waited));
  }
  if (communicator.rank() != 0) return absl::OkStatus();
  absl::PrintF("{\"ranks\":%d,\"allreduce\":[%s]}\n", communicator.world_size(),
               absl::StrJoin(results, ","));
  std::fflush(stdout);
  return absl::OkStatus();
}

// Ranks of all hosts share this machine's cores, so none may wait on one: the
// communication thread drives, with naps.
absl::StatusOr<std::unique_ptr<Transport>> MakeTransport() {
  REPRISE_ASSIGN_OR_RETURN(std::unique_ptr<Transport> mpi, MakeMpiTransport());
  RankInfo info = mpi->info();
  info.local_cores = 0;
  return std::make_unique<ForwardingTransport>(std::move(mpi), std::move(info));
}

absl::Status RunRank(const std::vector<std::string>& words, bool realtime) {
  REPRISE_ASSIGN_OR_RETURN(const std::unique_ptr<Communicator> communicator,
                           Communicator::Create(MakeTransport));
  REPRISE_RETURN_IF_ERROR(communicator->Barrier()->Wait());
  if (realtime) REPRISE_RETURN_IF_ERROR(Schedule(SCHED_RR, 1));
  const int number = std::atoi(words[words[0] == "replay" ? 2 : 1].c_str());
  if (words[0] == "replay") {
    REPRISE_RETURN_IF_ERROR(Replay(*communicator, words[1], number));
  } else {
    std::vector<int64_t> sizes;
    for (size_t i = 2; i < words.size(); ++i) {
      sizes.push_back(std::atoll(words[i].c_str()));
    }
    REPRISE_RETURN_IF_ERROR(AllReduces(*communicator, number, sizes));
  }
  if (realtime) REPRISE_RETURN_IF_ERROR(Schedule(SCHED_OTHER, 0));
  return communicator->Finalize();
}

int Main(const std::vector<std::string>& arguments) {
  Launch launch;
  launch.arguments = arguments;
  std::vector<std::string> words;
  bool realtime = false;
  for (const std::string& argument : arguments) {
    if (absl::StartsWith(argument, "--hosts=")) {
      launch.hosts = argument.substr(sizeof("--hosts=") - 1);
    } else if (argument == "--realtime") {
      realtime = true;
    } else {
      words.push_back(argument);
    }
  }
  const auto report = [](const absl::Status& status) {
    std::cerr << "step_replay: " << status.message() << "\n";
    return static_cast<int>(ExitCodeOf(status));
  };
  if (words.size() < 3 || (words[0] != "replay" && words[0] != "allreduce")) {
    return report(UsageError(
        "[--hosts=LIST] replay SCHEDULE STEPS | allreduce REPEATS BYTES..."));
  }
  if (!launch.hosts.empty()) {
    const auto hosts = ParseHostList(launch.hosts);
    if (!hosts.ok()) return report(hosts.status());
    launch.ranks = RanksOnAll(*hosts);
  }
  launch.network = Network::kTcp;
  const auto place = FindRankPlace();
  if (!place.ok()) return report(place.status());
  const auto launched =
      LaunchRanksIfAsked(launch, /*ranks_are_given=*/!launch.hosts.empty());
  if (!launched.ok()) return report(launched.status());
  if (launched->has_value()) return **launched;
  const RankPlace mine = place->value_or(RankPlace());
  StartRank(mine);
  const absl::Status status = RunRank(words, realtime);
  const int code = status.ok() ? 0 : report(status);
  ReportCompletion(mine, code);
  return code;
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  return reprise::Main(reprise::ProgramArguments(argc, argv));
}
