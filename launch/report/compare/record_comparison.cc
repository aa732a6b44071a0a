#include "launch/report/compare/record_comparison.h"

#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "core/metrics/jsonl/jsonl_reader.h"
#include "nlohmann/json.hpp"

namespace reprise {
namespace {

using Json = nlohmann::json;

// Two lines as JsonlSink writes them, equal byte by byte but for `run` and
// `timing`: no need to parse them, which takes most of the time of a long file.
bool AreEqualAsWritten(absl::string_view a, absl::string_view b) {
  constexpr absl::string_view kRun = ",\"run\":\"", kTiming = ",\"timing\":{";
  const size_t run = a.find(kRun), timing_a = a.rfind(kTiming),
               timing_b = b.rfind(kTiming);
  if (run == a.npos || timing_a == a.npos || timing_b == b.npos ||
      a.substr(0, run + kRun.size()) != b.substr(0, run + kRun.size())) {
    return false;
  }
  // An id has nothing to escape (core/metrics/run_id).
  const size_t end_a = a.find('"', run + kRun.size());
  const size_t end_b = b.find('"', run + kRun.size());
  return end_a < timing_a && end_b < timing_b &&
         a.substr(end_a, timing_a - end_a) == b.substr(end_b, timing_b - end_b);
}

// A record without what differs between any two runs.
absl::StatusOr<Json> ComparableRecord(const JsonlReader& reader,
                                      absl::string_view line) {
  REPRISE_ASSIGN_OR_RETURN(Json record, reader.Parse(line, reader.position()));
  record.erase("run");
  record.erase("timing");
  return record;
}

std::string ValueText(const Json& record, const std::string& field) {
  const auto found = record.find(field);
  if (found == record.end()) return "nothing";
  // Of what is longer than a message the lengths differ or a number within.
  return Printable(found->dump(-1, ' ', true, Json::error_handler_t::replace));
}

// Where in its run a record is: "test of task 0, test_task 1, epoch 2".
std::string PlaceOf(const Json& record) {
  const auto kind = record.find("record");
  std::string place = kind != record.end() && kind->is_string()
                          ? Printable(kind->get<std::string>())
                          : "of no kind";
  const char* separator = " of ";
  for (const char* field : {"task", "test_task", "epoch", "step", "head"}) {
    if (!record.contains(field)) continue;
    absl::StrAppend(&place, separator, field, " ", ValueText(record, field));
    separator = ", ";
  }
  return place;
}

void DescribeDifference(const Json& a, const Json& b,
                        RecordComparison* comparison) {
  comparison->first_difference =
      absl::StrCat("record ", comparison->equal_records + 1, ", ", PlaceOf(a));
  std::set<std::string> fields;
  for (const Json* record : {&a, &b}) {
    for (const auto& field : record->items()) fields.insert(field.key());
  }
  for (const std::string& field : fields) {
    const auto in_a = a.find(field), in_b = b.find(field);
    if (in_a != a.end() && in_b != b.end() && *in_a == *in_b) continue;
    comparison->fields.push_back(absl::StrCat(field, ": ", ValueText(a, field),
                                              " and ", ValueText(b, field)));
  }
}

}  // namespace

absl::StatusOr<RecordComparison> CompareRecords(const std::string& path_a,
                                                const std::string& path_b) {
  REPRISE_ASSIGN_OR_RETURN(JsonlReader reader_a, JsonlReader::Open(path_a));
  REPRISE_ASSIGN_OR_RETURN(JsonlReader reader_b, JsonlReader::Open(path_b));
  RecordComparison comparison;
  while (true) {
    REPRISE_ASSIGN_OR_RETURN(const auto line_a, reader_a.NextLine());
    REPRISE_ASSIGN_OR_RETURN(const auto line_b, reader_b.NextLine());
    if (!line_a.has_value() && !line_b.has_value()) return comparison;
    if (!line_a.has_value() || !line_b.has_value()) {
      comparison.first_difference =
          absl::StrCat("after record ", comparison.equal_records, ", where ",
                       line_a.has_value() ? path_b : path_a, " ends");
      return comparison;
    }
    if (AreEqualAsWritten(*line_a, *line_b)) {
      ++comparison.equal_records;
      continue;
    }
    REPRISE_ASSIGN_OR_RETURN(const Json a, ComparableRecord(reader_a, *line_a));
    REPRISE_ASSIGN_OR_RETURN(const Json b, ComparableRecord(reader_b, *line_b));
    if (a != b) {
      DescribeDifference(a, b, &comparison);
      return comparison;
    }
    ++comparison.equal_records;
  }
}

}  // namespace reprise
