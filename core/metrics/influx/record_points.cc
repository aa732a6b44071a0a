#include "core/metrics/influx/record_points.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/utf8.h"
#include "core/metrics/record_fields.h"

namespace reprise {
namespace {

using Json = nlohmann::ordered_json;
using Tags = std::vector<std::pair<std::string, std::string>>;

// Of a run_start: tags of all its points.
constexpr const char* kRunTags[] = {"experiment", "agent", "model", "dataset",
                                    "world_size"};
// Of any record: tags of its own points.
constexpr const char* kRecordTags[] = {"task", "test_task", "head"};

template <size_t kSize>
bool IsOneOf(const char* const (&names)[kSize], absl::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// As metrics.jsonl has it, whose texts are UTF-8 whatever came in.
std::string WellFormed(const std::string& text) {
  if (FindInvalidUtf8(text) == absl::string_view::npos) return text;
  return Json::parse(
      Json(text).dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string TagText(const Json& value) {
  return value.is_string() ? WellFormed(value.get<std::string>())
                           : value.dump();
}

// nullopt: InfluxDB cannot have it.
std::optional<std::string> FieldText(const Json& value) {
  if (value.is_boolean()) return value.dump();
  if (value.is_number_float()) {
    if (!std::isfinite(value.get<double>())) return std::nullopt;
    return value.dump();
  }
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) {
    return std::nullopt;
  }
  if (value.is_number_integer()) return value.dump() + "i";
  if (!value.is_string()) return std::nullopt;
  std::string text = "\"";
  for (const char c : WellFormed(value.get<std::string>())) {
    if (c == '"' || c == '\\') text += '\\';
    text += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return text + "\"";
}

class Point {
 public:
  Point(absl::string_view measurement, const Tags& tags)
      : line_(EscapeLineProtocol(measurement)) {
    for (const auto& [key, value] : tags) {
      const std::string escaped = EscapeLineProtocol(value);
      if (escaped.empty()) continue;
      names_.insert(key);
      absl::StrAppend(&line_, ",", EscapeLineProtocol(key), "=", escaped);
    }
  }

  // A name that the point has already, which an agent may choose, is told
  // apart from it.
  void Add(absl::string_view name, const Json& value) {
    const std::optional<std::string> text = FieldText(value);
    if (!text.has_value() || name.empty()) return;
    std::string key = WellFormed(std::string(name));
    while (!names_.insert(key).second) key = "agent_" + key;
    absl::StrAppend(&line_, has_fields_ ? "," : " ", EscapeLineProtocol(key),
                    "=", *text);
    has_fields_ = true;
  }

  void AppendTo(std::string* lines, int64_t unix_microseconds) const {
    if (!has_fields_) return;
    absl::StrAppend(lines, line_, " ", unix_microseconds, "000\n");
  }

 private:
  std::string line_;
  std::set<std::string> names_;
  bool has_fields_ = false;
};

void AddField(const std::string& name, const Json& value, Point* point) {
  if (name == "phase_seconds") {
    for (const auto& [phase, seconds] : value.items()) {
      point->Add(absl::StrCat("phase_", phase, "_seconds"), seconds);
    }
  } else {
    point->Add(name, value);
  }
}

// A point for each class or rank of `table`, {"name": [values], ...}.
void AppendTable(const char* measurement, const char* tag, const Json& table,
                 Tags tags, int64_t unix_microseconds, std::string* lines) {
  size_t count = 0;
  for (const auto& [name, values] : table.items()) {
    count = std::max(count, values.size());
  }
  tags.emplace_back(tag, "");
  for (size_t i = 0; i < count; ++i) {
    tags.back().second = absl::StrFormat("%03d", i);
    Point point(measurement, tags);
    for (const auto& [name, values] : table.items()) {
      if (i < values.size()) point.Add(name, values[i]);
    }
    point.AppendTo(lines, unix_microseconds);
  }
}

}  // namespace

std::string EscapeLineProtocol(absl::string_view text) {
  std::string escaped;
  for (const char c : text) {
    const bool is_space = static_cast<unsigned char>(c) <= 0x20;
    if (is_space || c == ',' || c == '=') escaped += '\\';
    escaped += is_space ? ' ' : c == '\\' ? '/' : c;
  }
  return escaped;
}

std::string RecordPoints::Of(absl::string_view kind, const std::string& run_id,
                             const Json& fields, const Json& timing) {
  if (kind == RecordKind(RunStart())) {
    run_tags_ = {{kRunField.name, WellFormed(run_id)}};
    for (const char* name : kRunTags) {
      if (fields.contains(name)) {
        run_tags_.emplace_back(name, TagText(fields[name]));
      }
    }
  }
  Tags tags = run_tags_;
  for (const char* name : kRecordTags) {
    if (fields.contains(name)) tags.emplace_back(name, TagText(fields[name]));
  }
  const int64_t stamp =
      std::llround(timing.value(kUnixSecondsField.name, 0.0) * 1e6);
  Point point(absl::StrCat("reprise_", kind), tags);
  const Json* scalars = nullptr;
  std::string tables;
  for (const Json* part : {&fields, &timing}) {
    for (const auto& [name, value] : part->items()) {
      // A task_end's `agent` is an object of the agent's numbers, not its name.
      if (name == kUnixSecondsField.name || IsOneOf(kRecordTags, name) ||
          (IsOneOf(kRunTags, name) && !value.is_object())) {
        continue;
      }
      // An agent's own numbers: only its scalars are this point's.
      if (value.is_object() && value.contains("scalars")) {
        scalars = &value["scalars"];
        AppendTable("reprise_class", "class", value["by_class"], tags, stamp,
                    &tables);
        AppendTable("reprise_rank", "rank", value["by_rank"], tags, stamp,
                    &tables);
      } else {
        AddField(name, value, &point);
      }
    }
  }
  // The last: a name that the record has keeps the record's value.
  if (scalars != nullptr) {
    for (const auto& [name, number] : scalars->items()) point.Add(name, number);
  }
  std::string lines;
  point.AppendTo(&lines, stamp);
  return lines + tables;
}

}  // namespace reprise
