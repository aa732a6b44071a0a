// Searches for convolutions that LibTorch computes wrongly or outside their
// memory: forward pass, gradient of the input, gradients of weight and bias,
// over channels, kernels, strides, formats and types, in guarded memory.
//
//   unsafe_convolutions [key=value,value...] [by=libtorch|models]
//                       [cases=N] [threads=N] [list=1]
//
// Keys and their values are those of Grid below (inputs=1,2 types=fp32);
// without one, all of its values; channels, sizes and batches may be others. Of
// the grid at most N cases are taken, spread evenly. "by=models" searches the
// networks' own function (models/convolution.h), which must have none.
// ONEDNN_MAX_CPU_ISA and ATEN_CPU_CAPABILITY play other processors;
// ONEDNN_VERBOSE=1 tells which implementation was taken.
//
// Guarded are tensors, oneDNN's scratchpads and what it allocates itself. A
// fault ends a child process, which the next follows.
//
// Prints failures by type, geometry, format and pass, with the channels they
// are found at. Exit code 1 where there is one.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "tests/convolution/convolution_case.h"
#include "tests/convolution/guarded_memory.h"

// oneDNN's own allocations.
extern "C" {
void __libc_free(void* block);
void* __libc_memalign(size_t alignment, size_t bytes);

int posix_memalign(void** block, size_t alignment, size_t bytes) {
  *block = reprise::IsGuarding() && bytes > 0 && alignment <= 4096
               ? reprise::GuardedAllocate(bytes, alignment)
               : __libc_memalign(alignment, bytes);
  return *block == nullptr ? 12 : 0;
}

void free(void* block) {
  if (block != nullptr && reprise::IsGuarded(block)) {
    reprise::GuardedFree(block);
  } else {
    __libc_free(block);
  }
}
}  // extern "C"

namespace reprise {
namespace {

struct Geometry {
  const char* name;
  int64_t kernel_h, kernel_w, stride, padding;
};

constexpr Geometry kGeometries[] = {
    {"1x1", 1, 1, 1, 0},   {"1x1s2", 1, 1, 2, 0},   {"1x1s3", 1, 1, 3, 0},
    {"3x3p1", 3, 3, 1, 1}, {"3x3s2p1", 3, 3, 2, 1}, {"3x3", 3, 3, 1, 0},
    {"1x20", 1, 20, 1, 0}, {"1x10", 1, 10, 1, 0},
};

enum Dimension {
  kInputs,
  kOutputs,
  kSizes,
  kBatches,
  kGeometry,
  kFormats,
  kTypes,
  kPasses,
  kNumDimensions
};

struct Axis {
  const char* name;
  std::vector<std::string> values;
};

std::vector<std::string> Channels() {
  std::vector<std::string> values;
  for (int c = 1; c <= 17; ++c) values.push_back(std::to_string(c));
  for (const char* c : {"20", "24", "32", "36", "40", "64"}) {
    values.push_back(c);
  }
  return values;
}

// Formats: of the input, then of the weight; "last" is channels last. Sizes: of
// images, height and width; one-dimensional ones have the width 8 times as
// much.
std::vector<Axis> Grid() {
  std::vector<std::string> geometries;
  for (const Geometry& geometry : kGeometries) {
    geometries.push_back(geometry.name);
  }
  return {{"inputs", Channels()},
          {"outputs", Channels()},
          {"sizes", {"1", "2", "3", "4", "5", "7", "8", "16", "32"}},
          {"batches", {"1", "2", "3", "5"}},
          {"geometry", geometries},
          {"formats", {"last-last", "first-first", "last-first", "first-last"}},
          {"types", {"fp32", "bf16"}},
          {"passes", {"forward", "input", "weight"}}};
}

enum Outcome : unsigned char {
  kNotRun,
  kGood,
  kImpossible,  // the image is smaller than the kernel
  kRefused,     // LibTorch threw
  kWrong,
  kReads,
  kWrites,
  kPattern,  // changed beside a block
  kCrashed,  // otherwise
};
constexpr const char* kOutcomeNames[] = {
    "not run", "good",          "impossible",     "refused",
    "wrong",   "reads outside", "writes outside", "changes bytes beside",
    "crashes"};

struct Result {
  Outcome outcome;
  char detail[95];
};

Result* current = nullptr;

void OnFault(int, siginfo_t* info, void* context) {
  constexpr int64_t kWriteBit = 2;
  const auto* machine = static_cast<ucontext_t*>(context);
  const bool write = (machine->uc_mcontext.gregs[REG_ERR] & kWriteBit) != 0;
  current->outcome = !IsGuarded(info->si_addr) ? kCrashed
                     : write                   ? kWrites
                                               : kReads;
  StopGuarding();
  std::snprintf(current->detail, sizeof(current->detail), "%s",
                DescribeGuardedAddress(info->si_addr).c_str());
  _exit(1);
}

void Run(const ConvolutionCase& c, Convolver convolver) {
  if (!c.is_possible()) {
    current->outcome = kImpossible;
    return;
  }
  try {
    const int64_t changed = ChangedPatterns();
    const std::string fault = FaultOf(c, convolver);
    current->outcome = fault.empty()                  ? kGood
                       : ChangedPatterns() != changed ? kPattern
                                                      : kWrong;
    std::snprintf(current->detail, sizeof(current->detail), "%s",
                  fault.c_str());
  } catch (const std::exception& error) {
    current->outcome = kRefused;
    std::snprintf(current->detail, sizeof(current->detail), "%.80s",
                  error.what());
  }
}

class Search {
 public:
  Search(std::vector<Axis> grid, Convolver convolver, int64_t most_cases,
         int threads, bool list)
      : grid_(std::move(grid)),
        convolver_(convolver),
        threads_(threads),
        list_(list) {
    for (const Axis& axis : grid_) {
      total_ *= static_cast<int64_t>(axis.values.size());
    }
    cases_ = std::min(total_, most_cases);
    // Multiples of it modulo the total are spread evenly and all different.
    step_ = static_cast<int64_t>(0.6180339887 * static_cast<double>(total_));
    while (std::gcd(step_, total_) != 1) ++step_;
    void* const shared =
        mmap(nullptr, cases_ * sizeof(Result), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REPRISE_CHECK(shared != MAP_FAILED) << cases_ << " results";
    results_ = static_cast<Result*>(shared);
  }

  void RunAll() {
    int64_t next = 0;
    while (next < cases_) {
      std::fflush(stdout);
      const pid_t child = fork();
      REPRISE_CHECK(child >= 0) << "fork";
      if (child == 0) {
        RunFrom(next);
        _exit(0);
      }
      int status = 0;
      REPRISE_CHECK(waitpid(child, &status, 0) == child) << "waitpid";
      while (next < cases_ && results_[next].outcome != kNotRun) ++next;
      std::fprintf(stderr, "%lld\r", static_cast<long long>(next));
      if (next == cases_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
        continue;
      }
      if (WIFSIGNALED(status)) {
        results_[next].outcome = kCrashed;
        std::snprintf(results_[next].detail, sizeof(results_[next].detail),
                      "signal %d", WTERMSIG(status));
      }
    }
  }

  // Whether there was a failure.
  bool Print() const {
    std::map<Group, Tally> tallies;
    std::map<Outcome, int64_t> counts;
    for (int64_t i = 0; i < cases_; ++i) {
      const auto values = ValuesOf(i);
      const Outcome outcome = results_[i].outcome;
      ++counts[outcome];
      Tally& tally = tallies[{values[kTypes], values[kGeometry],
                              values[kFormats], values[kPasses]}];
      ++tally.counts[outcome];
      if (outcome <= kImpossible) continue;
      for (int d = 0; d < 4; ++d) {
        tally.where[outcome][d].insert(std::stoll(values[d]));
      }
      std::string example;
      for (int d = 0; d < 4; ++d) {
        example += std::string(grid_[d].name) + "=" + values[d] + " ";
      }
      example += results_[i].detail;
      if (tally.example[outcome].empty()) tally.example[outcome] = example;
      if (list_) {
        std::printf("%s %s %s %s: %s: %s\n", values[kTypes].c_str(),
                    values[kGeometry].c_str(), values[kFormats].c_str(),
                    values[kPasses].c_str(), kOutcomeNames[outcome],
                    example.c_str());
      }
    }
    for (const auto& [group, tally] : tallies) PrintTally(group, tally);
    std::printf("%lld of %lld cases", static_cast<long long>(cases_),
                static_cast<long long>(total_));
    bool failed = false;
    for (const auto& [outcome, count] : counts) {
      std::printf(", %lld %s", static_cast<long long>(count),
                  kOutcomeNames[outcome]);
      failed = failed || outcome > kRefused;
    }
    std::printf("\n");
    return failed;
  }

 private:
  // What the cases of equal types, geometry, formats and passes came to.
  using Group = std::array<std::string, 4>;
  struct Tally {
    std::map<Outcome, int64_t> counts;
    std::map<Outcome, std::array<std::set<int64_t>, 4>> where;
    std::map<Outcome, std::string> example;
  };

  void PrintTally(const Group& group, const Tally& tally) const {
    int64_t sum = 0;
    for (const auto& [outcome, count] : tally.counts) {
      if (outcome != kImpossible) sum += count;
    }
    for (const auto& [outcome, where] : tally.where) {
      std::printf("%s %s %s %s: %s in %lld of %lld\n", group[0].c_str(),
                  group[1].c_str(), group[2].c_str(), group[3].c_str(),
                  kOutcomeNames[outcome],
                  static_cast<long long>(tally.counts.at(outcome)),
                  static_cast<long long>(sum));
      for (int d = 0; d < 4; ++d) {
        std::printf("    %s", grid_[d].name);
        for (const int64_t value : where[d]) {
          std::printf(" %lld", static_cast<long long>(value));
        }
        std::printf("\n");
      }
      std::printf("    such as %s\n", tally.example.at(outcome).c_str());
    }
  }

  std::array<std::string, kNumDimensions> ValuesOf(int64_t i) const {
    int64_t index =
        static_cast<int64_t>(static_cast<__int128>(i) * step_ % total_);
    std::array<std::string, kNumDimensions> values;
    for (int d = kNumDimensions - 1; d >= 0; --d) {
      const auto& axis = grid_[d].values;
      values[d] = axis[index % axis.size()];
      index /= static_cast<int64_t>(axis.size());
    }
    return values;
  }

  ConvolutionCase CaseOf(int64_t i) const {
    const auto values = ValuesOf(i);
    ConvolutionCase c;
    c.inputs = std::stoll(values[kInputs]);
    c.outputs = std::stoll(values[kOutputs]);
    c.batch = std::stoll(values[kBatches]);
    for (const Geometry& geometry : kGeometries) {
      if (values[kGeometry] != geometry.name) continue;
      c.kernel_h = geometry.kernel_h;
      c.kernel_w = geometry.kernel_w;
      c.stride = geometry.stride;
      c.padding = geometry.padding;
    }
    c.height = c.width = std::stoll(values[kSizes]);
    if (c.kernel_h == 1 && c.kernel_w > 1) {
      c.height = 1;
      c.width *= 8;
    }
    const std::string& formats = values[kFormats];
    c.input_last = formats.rfind("last-", 0) == 0;
    c.weight_last = formats.find("-last") != std::string::npos;
    c.type = values[kTypes] == "bf16" ? at::kBFloat16 : at::kFloat;
    c.pass = values[kPasses] == "forward" ? Pass::kForward
             : values[kPasses] == "input" ? Pass::kInputGradient
                                          : Pass::kWeightGradient;
    return c;
  }

  void RunFrom(int64_t next) {
    UseGuardedMemoryForTensors();
    struct sigaction action = {};
    action.sa_sigaction = &OnFault;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGSEGV, &action, nullptr);
    sigaction(SIGBUS, &action, nullptr);
    at::set_num_threads(threads_);
    for (; next < cases_; ++next) {
      current = &results_[next];
      Run(CaseOf(next), convolver_);
    }
  }

  const std::vector<Axis> grid_;
  const Convolver convolver_;
  const int threads_;
  const bool list_;
  int64_t total_ = 1, cases_ = 0, step_ = 1;
  Result* results_ = nullptr;
};

// Whether all `values` are `known`; else says which is not.
bool AreKnown(const std::string& key, const std::vector<std::string>& values,
              const std::vector<std::string>& known) {
  for (const std::string& value : values) {
    if (std::find(known.begin(), known.end(), value) != known.end()) continue;
    std::fprintf(stderr, "%s: expected", key.c_str());
    for (const std::string& one : known) {
      std::fprintf(stderr, " %s", one.c_str());
    }
    std::fprintf(stderr, ", found '%s'\n", value.c_str());
    return false;
  }
  return true;
}

int Main(int argc, char** argv) {
  std::vector<Axis> grid = Grid();
  int64_t most_cases = INT64_MAX;
  int threads = 1;
  bool list = false;
  Convolver convolver = Convolver::kLibTorch;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equals = argument.find('=');
    const std::string key = argument.substr(0, equals);
    std::vector<std::string> values(1);
    for (size_t at = equals;
         at != std::string::npos && ++at < argument.size();) {
      const size_t comma = argument.find(',', at);
      values.back() = argument.substr(at, comma - at);
      at = comma;
      if (at != std::string::npos) values.emplace_back();
    }
    Axis* axis = nullptr;
    for (Axis& a : grid) {
      if (key == a.name) axis = &a;
    }
    if (axis != nullptr) {
      // Those before are numbers, which may be others, too.
      const bool is_text = axis - grid.data() >= kGeometry;
      if (is_text &&
          !AreKnown(key, values, Grid()[axis - grid.data()].values)) {
        return 2;
      }
      axis->values = values;
    } else if (key == "cases") {
      most_cases = std::stoll(values[0]);
    } else if (key == "threads") {
      threads = std::stoi(values[0]);
    } else if (key == "by") {
      if (!AreKnown(key, values, {"libtorch", "models"})) return 2;
      convolver =
          values[0] == "models" ? Convolver::kModels : Convolver::kLibTorch;
    } else if (key == "list") {
      list = values[0] == "1";
    } else {
      std::fprintf(stderr, "no key '%s'\n", key.c_str());
      return 2;
    }
  }
  const char* isa = std::getenv("ONEDNN_MAX_CPU_ISA");
  std::printf("ONEDNN_MAX_CPU_ISA %s, ATen %s, %d threads\n",
              isa == nullptr ? "not set" : isa,
              at::get_cpu_capability().c_str(), threads);
  Search search(std::move(grid), convolver, most_cases, threads, list);
  search.RunAll();
  return search.Print() ? 1 : 0;
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) { return reprise::Main(argc, argv); }
