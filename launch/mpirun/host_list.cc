#include "launch/mpirun/host_list.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "core/base/file.h"
#include "core/base/host_name.h"
#include "core/base/status.h"
#include "core/base/utf8.h"
#include "re2/re2.h"

namespace reprise {
namespace {

constexpr int64_t kMostRanks = 65536;
constexpr int64_t kMostBytes = int64_t{16} << 20;

// Names of hosts have no case, but mpirun compares those of this one with it:
// LOCALHOST would be looked for by ssh.
std::string AsMpirunKnowsIt(std::string name) {
  const std::string own = HostName();
  for (const absl::string_view known :
       {absl::string_view("localhost"), absl::string_view(own),
        ShortHostName(own)}) {
    if (absl::EqualsIgnoreCase(name, known)) return std::string(known);
  }
  return name;
}

// Adds what is found one after the other. A host that is named again, as by
// PBS and LSF for each of its slots, gets the ranks of both.
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
    all_ += host.ranks;
    if (all_ > kMostRanks) {
      return error(absl::StrCat("at most ", kMostRanks, " ranks in all"));
    }
    host.name = AsMpirunKnowsIt(host.name);
    const auto [known, is_new] =
        index_.emplace(absl::AsciiStrToLower(host.name), hosts_.size());
    if (is_new) {
      hosts_.push_back(std::move(host));
    } else {
      hosts_[known->second].ranks += host.ranks;
    }
    return absl::OkStatus();
  }

  std::vector<Host>& hosts() { return hosts_; }

 private:
  std::vector<Host> hosts_;
  std::map<std::string, size_t> index_;  // by the name in small letters
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
    REPRISE_RETURN_IF_ERROR(collector.Add(
        absl::StrCat("host ", ++place), absl::StripAsciiWhitespace(item),
        pattern, "name:ranks, like node-1:2"));
  }
  return std::move(collector.hosts());
}

absl::StatusOr<std::vector<Host>> ReadHostFile(const std::string& path) {
  static const RE2& pattern =
      *new RE2(REPRISE_HOST_NAME R"((?:(?::|\s+slots\s*=\s*)([0-9]{1,9}))?)"
                                 R"((?:\s+max[_-]slots\s*=\s*[0-9]{1,9})?)");
  const auto text = ReadUserInput(path, kMostBytes);
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
