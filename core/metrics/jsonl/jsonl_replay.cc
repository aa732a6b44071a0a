#include "core/metrics/jsonl/jsonl_replay.h"

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/phase.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "core/metrics/jsonl/jsonl_reader.h"
#include "core/metrics/record_fields.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::json;

// Each returns what is expected where `json` is not that, else nullptr.

const char* Read(const Json& json, bool* value) {
  if (!json.is_boolean()) return "true or false";
  *value = json.get<bool>();
  return nullptr;
}

const char* Read(const Json& json, std::string* value) {
  if (!json.is_string()) return "text";
  *value = json.get<std::string>();
  return nullptr;
}

const char* Read(const Json& json, double* value) {
  if (json.is_null()) {
    *value = std::numeric_limits<double>::quiet_NaN();
    return nullptr;
  }
  if (!json.is_number()) return "a number or null";
  *value = json.get<double>();
  return nullptr;
}

const char* Read(const Json& json, std::optional<double>* value) {
  if (json.is_null()) {
    value->reset();
    return nullptr;
  }
  return Read(json, &value->emplace());
}

const char* Read(const Json& json, uint64_t* value) {
  if (!json.is_number_unsigned()) return "an integer from 0";
  *value = json.get<uint64_t>();
  return nullptr;
}

const char* Read(const Json& json, int64_t* value) {
  constexpr uint64_t kMost = std::numeric_limits<int64_t>::max();
  if (!json.is_number_integer() ||
      (json.is_number_unsigned() && json.get<uint64_t>() > kMost)) {
    return "an integer of 64 bits";
  }
  *value = json.get<int64_t>();
  return nullptr;
}

const char* Read(const Json& json, int* value) {
  int64_t wide = 0;
  if (Read(json, &wide) != nullptr || wide != static_cast<int>(wide)) {
    return "an integer of 32 bits";
  }
  *value = static_cast<int>(wide);
  return nullptr;
}

const char* Read(const Json& json, PhaseSeconds* value) {
  if (!json.is_object()) return "seconds by phase";
  for (const auto& [name, seconds] : json.items()) {
    int phase = 0;
    while (phase < kNumPhases && name != PhaseName(static_cast<Phase>(phase))) {
      ++phase;
    }
    if (phase == kNumPhases || Read(seconds, &(*value)[phase]) != nullptr) {
      return "seconds by known phases";
    }
  }
  return nullptr;
}

const char* Read(const Json& json, std::vector<double>* values) {
  if (!json.is_array()) return "numbers";
  for (const Json& element : json) {
    if (Read(element, &values->emplace_back()) != nullptr) return "numbers";
  }
  return nullptr;
}

template <typename Value>
const char* Read(const Json& json, std::map<std::string, Value>* named) {
  if (!json.is_object()) return "named numbers";
  for (const auto& [name, value] : json.items()) {
    if (Read(value, &(*named)[name]) != nullptr) return "named numbers";
  }
  return nullptr;
}

const char* Read(const Json& json, AgentReport* report) {
  static constexpr char kExpected[] = "by_class, by_rank and scalars";
  if (!json.is_object()) return kExpected;
  for (const auto& [name, values] : json.items()) {
    const char* fault = name == "by_class"  ? Read(values, &report->by_class)
                        : name == "by_rank" ? Read(values, &report->by_rank)
                        : name == "scalars" ? Read(values, &report->scalars)
                                            : kExpected;
    if (fault != nullptr) return kExpected;
  }
  return nullptr;
}

// Sets the fields of a record from a line. Empty, or what is wrong.
template <typename Record>
std::string SetFields(const Json& line, const Json& timing, Record* record) {
  std::string fault;
  ForEachField(*record, [&](const RecordField& field, auto& value) {
    if (!fault.empty()) return;
    const Json& from = field.is_timed ? timing : line;
    const auto found = from.find(field.name);
    if (found == from.end()) {
      if (!field.is_timed) fault = absl::StrCat("has no \"", field.name, "\"");
      return;
    }
    const char* expected = Read(*found, &value);
    if (expected == nullptr) return;
    fault = absl::StrCat(
        "has \"", field.name, "\": ",
        Printable(found->dump(-1, ' ', true, Json::error_handler_t::replace)),
        ", expected ", expected);
  });
  return fault;
}

void SetRunId(const Json& line, RunStart* start) {
  // Files from before there were ids have none.
  const auto run = line.find(kRunField.name);
  if (run != line.end() && run->is_string()) start->run_id = *run;
}
template <typename Record>
void SetRunId(const Json&, Record*) {}

class Replay {
 public:
  Replay(JsonlReader reader, MetricSink& sink, const ReplayOptions& options)
      : reader_(std::move(reader)), sink_(sink), options_(options) {}

  absl::StatusOr<ReplayedFile> Run() {
    while (true) {
      REPRISE_ASSIGN_OR_RETURN(const std::optional<absl::string_view> line,
                               reader_.NextLine());
      if (!line.has_value()) break;
      if (options_.wants_step != nullptr && IsStep(*line) &&
          !options_.wants_step()) {
        passed_over_.assign(line->data(), line->size());
        passed_over_at_ = reader_.position();
        continue;
      }
      if (!IsStep(*line)) REPRISE_RETURN_IF_ERROR(PlayPassedOver());
      passed_over_.clear();
      REPRISE_RETURN_IF_ERROR(Play(*line, reader_.position()));
    }
    REPRISE_RETURN_IF_ERROR(PlayPassedOver());
    return ReplayedFile{reader_.position().line, reader_.cut_bytes()};
  }

 private:
  // By the bytes that JsonlSink writes; a line of other bytes is parsed.
  static bool IsStep(absl::string_view line) {
    static const std::string& begin = *new std::string(absl::StrCat(
        "{\"", kSchemaField.name, "\":", kJsonlSchema, ",\"", kRecordField.name,
        "\":\"", RecordKind(StepRecord()), "\","));
    return absl::StartsWith(line, begin);
  }

  absl::Status PlayPassedOver() {
    if (passed_over_.empty()) return absl::OkStatus();
    const std::string line = std::exchange(passed_over_, "");
    return Play(line, passed_over_at_);
  }

  absl::Status Play(absl::string_view text,
                    const JsonlReader::Position& position) {
    REPRISE_ASSIGN_OR_RETURN(const Json line, reader_.Parse(text, position));
    const auto kind = line.find(kRecordField.name);
    if (kind == line.end() || !kind->is_string()) {
      return reader_.Fault(position, "has no text \"record\"");
    }
    std::string fault = absl::StrCat("is a record of an unknown kind, ",
                                     Printable(kind->get<std::string>()));
    absl::Status status;
    ForEachKind([&](auto record) {
      if (*kind != RecordKind(record)) return;
      fault = Take(line, &record);
      if (fault.empty()) status = ReportRecord(record, sink_);
    });
    return fault.empty() ? status : reader_.Fault(position, fault);
  }

  // Empty, or what is wrong with the line.
  template <typename Record>
  static std::string Take(const Json& line, Record* record) {
    const auto timing = line.find("timing");
    if (timing == line.end() || !timing->is_object()) {
      return "has no object \"timing\"";
    }
    double seconds = 0;
    const auto stamp = timing->find(kUnixSecondsField.name);
    if (stamp == timing->end() || Read(*stamp, &seconds) != nullptr ||
        !(std::abs(seconds) < 1e12)) {
      return "has no clock in \"timing\"";
    }
    record->unix_microseconds = std::llround(seconds * 1e6);
    SetRunId(line, record);
    return SetFields(line, *timing, record);
  }

  JsonlReader reader_;
  MetricSink& sink_;
  const ReplayOptions& options_;
  std::string passed_over_;  // the last step, where it was not wanted
  JsonlReader::Position passed_over_at_;
};

}  // namespace

absl::StatusOr<ReplayedFile> ReplayJsonl(const std::string& path,
                                         MetricSink& sink,
                                         const ReplayOptions& options) {
  REPRISE_ASSIGN_OR_RETURN(JsonlReader reader, JsonlReader::Open(path));
  return Replay(std::move(reader), sink, options).Run();
}

}  // namespace reprise
