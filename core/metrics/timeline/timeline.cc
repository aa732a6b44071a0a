#include "core/metrics/timeline/timeline.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/file.h"
#include "nlohmann/json.hpp"

namespace reprise {

using Json = nlohmann::json;

namespace {

// Those of one rank's Packed(), by their begin.
Json EventsOnClockOfRank0(const std::string& packed, absl::Duration ahead) {
  Json events = Json::parse(packed);
  const int64_t shift = absl::ToInt64Nanoseconds(ahead);
  for (Json& event : events) {
    event[2] = event[2].get<int64_t>() - shift;
    event[3] = event[3].get<int64_t>() - shift;
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Json& a, const Json& b) {
                     return a[2].get<int64_t>() < b[2].get<int64_t>();
                   });
  return events;
}

// What the viewer calls a process (a rank) or a thread of one (a lane).
void AddName(const char* what, size_t rank, int64_t lane,
             const std::string& text, Json* trace) {
  trace->push_back({{"name", what},
                    {"ph", "M"},
                    {"pid", rank},
                    {"tid", lane},
                    {"args", {{"name", text}}}});
}

// Events in the order of their begin, each in the first lane of its row that is
// free by then. Times count from `first`.
void AddRank(size_t rank, const Json& events, int64_t first, Json* trace) {
  AddName("process_name", rank, 0, absl::StrCat("rank ", rank), trace);
  struct Lane {
    int64_t number, free_from;
  };
  std::map<std::string, std::vector<Lane>> lanes;
  int64_t num_lanes = 0;
  for (const Json& event : events) {
    const std::string row = event[0];
    const int64_t begin = event[2], end = event[3];
    std::vector<Lane>& of_row = lanes[row];
    auto lane =
        std::find_if(of_row.begin(), of_row.end(),
                     [&](const Lane& one) { return one.free_from <= begin; });
    if (lane == of_row.end()) {
      AddName("thread_name", rank, num_lanes,
              of_row.empty() ? row : absl::StrCat(row, " ", of_row.size() + 1),
              trace);
      of_row.push_back({num_lanes++, 0});
      lane = of_row.end() - 1;
    }
    lane->free_from = end;
    trace->push_back({{"name", event[1]},
                      {"cat", row},
                      {"ph", "X"},
                      {"pid", rank},
                      {"tid", lane->number},
                      {"ts", static_cast<double>(begin - first) / 1000},
                      {"dur", static_cast<double>(end - begin) / 1000}});
  }
}

}  // namespace

void Timeline::Add(const std::string& row, const std::string& name,
                   absl::Time begin, absl::Time end) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (static_cast<int64_t>(events_.size()) == most_) {
    ++dropped_;
    return;
  }
  events_.push_back(
      {row, name, absl::ToUnixNanos(begin), absl::ToUnixNanos(end)});
}

int64_t Timeline::dropped() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return dropped_;
}

std::string Timeline::Packed() const {
  std::lock_guard<std::mutex> lock(mutex_);
  Json events = Json::array();
  for (const Event& event : events_) {
    events.push_back({event.row, event.name, event.begin_ns, event.end_ns});
  }
  return events.dump();
}

absl::Status WriteChromeTrace(const std::string& file,
                              const std::vector<std::string>& packed,
                              const std::vector<absl::Duration>& ahead) {
  REPRISE_CHECK(packed.size() == ahead.size()) << "a clock for each rank";
  std::vector<Json> ranks;
  int64_t first = std::numeric_limits<int64_t>::max();
  for (size_t rank = 0; rank < packed.size(); ++rank) {
    ranks.push_back(EventsOnClockOfRank0(packed[rank], ahead[rank]));
    if (!ranks[rank].empty()) {
      first = std::min(first, ranks[rank][0][2].get<int64_t>());
    }
  }
  Json trace = Json::array();
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    AddRank(rank, ranks[rank], first, &trace);
  }
  const std::string text =
      Json{{"traceEvents", std::move(trace)}, {"displayTimeUnit", "ms"}}.dump();
  return ReplaceFile(file, {text});
}

}  // namespace reprise
