// One load of NT3, measured in a process of its own; prints one JSON line.
//   nt3_benchmark synthesize FOLDER            writes FOLDER/CANDLE/nt_*2.csv
//   nt3_benchmark csv FILE [threads [kernel]]  parses (kernel 0 to 2:
//   Nt3Kernel) nt3_benchmark cached FILE                  from the cache, made
//   if need be
// tests/peer/csv_compare.py runs it beside other readers.
#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/status.h"
#include "data/candle/nt3_cache.h"
#include "data/candle/nt3_csv.h"
#include "data/candle/nt3_csv_writer.h"
#include "data/dataset.h"
#include "data/synthetic/candle_like.h"

namespace reprise {
namespace {

using Clock = std::chrono::steady_clock;

// Of all threads.
double CpuSeconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Reads every value, so that every page is there. The sum of their bits, with
// which two runs show that they read the same.
uint64_t SumOfBits(const std::byte* rows, int64_t values) {
  const uint32_t* const bits = reinterpret_cast<const uint32_t*>(rows);
  uint64_t sum = 0;
  for (int64_t i = 0; i < values; ++i) sum += bits[i];
  return sum;
}

void Print(double load_seconds, double load_cpu_seconds, double read_seconds,
           size_t rows, uint64_t sum) {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"seconds\": %.6f, \"cpu_seconds\": %.6f, "
      "\"seconds_with_all_values_read\": %.6f, \"rows\": "
      "%zu, \"peak_resident_bytes\": %lld, \"sum_of_bits\": \"%016llx\"}\n",
      load_seconds, load_cpu_seconds, read_seconds, rows,
      usage.ru_maxrss * 1024LL, static_cast<unsigned long long>(sum));
}

absl::Status MeasureCsv(const std::string& path, const Nt3CsvOptions& options) {
  const double cpu_start = CpuSeconds();
  const Clock::time_point start = Clock::now();
  REPRISE_ASSIGN_OR_RETURN(const Nt3Rows rows, ReadNt3Csv(path, options));
  const double loaded = SecondsSince(start);
  const double cpu = CpuSeconds() - cpu_start;
  const int64_t values =
      static_cast<int64_t>(rows.labels.size()) * rows.features;
  const uint64_t sum = SumOfBits(rows.rows.get(), values);
  Print(loaded, cpu, SecondsSince(start), rows.labels.size(), sum);
  return absl::OkStatus();
}

absl::Status MeasureCached(const std::string& path,
                           const Nt3CsvOptions& options) {
  std::vector<std::string> warnings;
  REPRISE_ASSIGN_OR_RETURN(
      Nt3Split split, LoadNt3(path, options, Nt3CacheUse::kTrust, &warnings));
  const bool measured = split.from_cache;
  split = Nt3Split();
  for (const std::string& warning : warnings) {
    std::fprintf(stderr, "%s\n", warning.c_str());
  }
  // The first load may have parsed, and its memory would be counted: again in a
  // fresh process.
  if (!measured) {
    std::fprintf(stderr, "made the cache; run this again to measure it\n");
    return absl::OkStatus();
  }
  const double cpu_start = CpuSeconds();
  const Clock::time_point start = Clock::now();
  REPRISE_ASSIGN_OR_RETURN(
      split, LoadNt3(path, options, Nt3CacheUse::kTrust, &warnings));
  const double loaded = SecondsSince(start);
  const double cpu = CpuSeconds() - cpu_start;
  const int64_t values =
      static_cast<int64_t>(split.labels.size()) * options.features;
  const uint64_t sum = SumOfBits(split.rows.get(), values);
  Print(loaded, cpu, SecondsSince(start), split.labels.size(), sum);
  return absl::OkStatus();
}

absl::Status Synthesize(const std::string& folder) {
  const Clock::time_point start = Clock::now();
  const DatasetPair pair = GenerateCandleLike(42);
  const double generated = SecondsSince(start);
  REPRISE_RETURN_IF_ERROR(WriteCandle(folder, pair));
  std::printf("{\"generate_seconds\": %.2f, \"write_seconds\": %.2f}\n",
              generated, SecondsSince(start) - generated);
  return absl::OkStatus();
}

absl::Status Main(const std::vector<std::string>& arguments) {
  Nt3CsvOptions options;
  if (arguments.size() > 2) options.threads = std::atoi(arguments[2].c_str());
  if (arguments.size() > 3) {
    options.kernel = static_cast<Nt3Kernel>(std::atoi(arguments[3].c_str()));
  }
  if (arguments.size() >= 2) {
    if (arguments[0] == "synthesize") return Synthesize(arguments[1]);
    if (arguments[0] == "csv") return MeasureCsv(arguments[1], options);
    if (arguments[0] == "cached") return MeasureCached(arguments[1], options);
  }
  return UsageError(
      "usage: nt3_benchmark synthesize FOLDER | csv FILE [threads [kernel]] | "
      "cached FILE");
}

}  // namespace
}  // namespace reprise

int main(int argc, char** argv) {
  const absl::Status status =
      reprise::Main(std::vector<std::string>(argv + 1, argv + argc));
  if (!status.ok()) {
    std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  }
  return static_cast<int>(reprise::ExitCodeOf(status));
}
