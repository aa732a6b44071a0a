#include "launch/mpirun/host_list.h"

#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/status.h"
#include "launch/utf8.h"
#include "re2/re2.h"

namespace reprise {
namespace {

constexpr int64_t kMostRanks = 65536;

// Adds what is found one after the other.
class HostCollector {
 public:
  // `place`: where `item` stands.
  absl::Status Add(absl::string_view place, absl::string_view item,
                   const RE2& pattern, absl::string_view like) {
    const auto error = [&](absl::string_view expected) {
      return UsageError(absl::StrCat(place, ": expected ", expected,
                                     ", found '", Printable(item), "'"));
    };
    Host host;
    std::string ranks;
    if (!RE2::FullMatch(re2::StringPiece(item.data(), item.size()), pattern,
                        &host.name, &ranks)) {
      return error(like);
    }
    if (!ranks.empty() &&
        (!absl::SimpleAtoi(ranks, &host.ranks) || host.ranks < 1)) {
      return error("at least one rank");
    }
    if (!names_.insert(host.name).second) {
      return error("each host once");
    }
    all_ += host.ranks;
    if (all_ > kMostRanks) {
      return error(absl::StrCat("at most ", kMostRanks, " ranks in all"));
    }
    hosts_.push_back(std::move(host));
    return absl::OkStatus();
  }

  std::vector<Host>& hosts() { return hosts_; }

 private:
  std::vector<Host> hosts_;
  std::set<std::string> names_;
  int64_t all_ = 0;
};

// A name that began with a hyphen would be read as an option by mpirun.
#define REPRISE_HOST_NAME "([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})"

}  // namespace

absl::StatusOr<std::vector<Host>> ParseHostList(absl::string_view text) {
  static const RE2& pattern = *new RE2(REPRISE_HOST_NAME "(?::([0-9]{1,9}))?");
  HostCollector collector;
  int place = 0;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    REPRISE_RETURN_IF_ERROR(collector.Add(absl::StrCat("host ", ++place), item,
                                          pattern,
                                          "name:ranks, like node-1:2"));
  }
  return std::move(collector.hosts());
}

absl::StatusOr<std::vector<Host>> ReadHostFile(const std::string& path) {
  static const RE2& pattern =
      *new RE2(REPRISE_HOST_NAME R"((?:(?::|\s+slots\s*=\s*)([0-9]{1,9}))?)");
  const auto text = ReadWholeFile(path);
  if (!text.ok()) return UsageError(text.status().message());
  HostCollector collector;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(*text, '\n')) {
    ++number;
    const absl::string_view item =
        absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (item.empty()) continue;
    REPRISE_RETURN_IF_ERROR(
        collector.Add(absl::StrCat(path, ":", number), item, pattern,
                      "a host a line, like node-1:2 or node-1 slots=2"));
  }
  if (collector.hosts().empty()) {
    return UsageError(absl::StrCat(
        path, ": expected a host a line, like node-1:2, found none"));
  }
  return std::move(collector.hosts());
}

std::string HostListText(const std::vector<Host>& hosts) {
  return absl::StrJoin(hosts, ",", [](std::string* out, const Host& host) {
    absl::StrAppend(out, host.name, ":", host.ranks);
  });
}

int64_t RanksOnAll(const std::vector<Host>& hosts) {
  int64_t ranks = 0;
  for (const Host& host : hosts) ranks += host.ranks;
  return ranks;
}

}  // namespace reprise
