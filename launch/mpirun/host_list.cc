#include "launch/mpirun/host_list.h"

#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status.h"
#include "launch/utf8.h"
#include "re2/re2.h"

namespace reprise {
namespace {

constexpr int64_t kMostRanks = 65536;

}  // namespace

absl::StatusOr<std::vector<Host>> ParseHostList(absl::string_view text) {
  // A name that began with a hyphen would be read as an option by mpirun.
  static const RE2& host_pattern =
      *new RE2("([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})(?::([0-9]{1,9}))?");
  std::vector<Host> hosts;
  std::set<std::string> names;
  int64_t all = 0;
  int place = 0;
  for (const absl::string_view item : absl::StrSplit(text, ',')) {
    ++place;
    const auto error = [&](absl::string_view expected) {
      return UsageError(absl::StrCat("host ", place, ": expected ", expected,
                                     ", found '", Printable(item), "'"));
    };
    Host host;
    std::string ranks;
    if (!RE2::FullMatch(re2::StringPiece(item.data(), item.size()),
                        host_pattern, &host.name, &ranks)) {
      return error("name:ranks, like node-1:2");
    }
    if (!ranks.empty() &&
        (!absl::SimpleAtoi(ranks, &host.ranks) || host.ranks < 1)) {
      return error("at least one rank");
    }
    if (!names.insert(host.name).second) {
      return error("each host once");
    }
    all += host.ranks;
    if (all > kMostRanks) {
      return error(absl::StrCat("at most ", kMostRanks, " ranks in all"));
    }
    hosts.push_back(std::move(host));
  }
  return hosts;
}

int64_t RanksOnAll(const std::vector<Host>& hosts) {
  int64_t ranks = 0;
  for (const Host& host : hosts) ranks += host.ranks;
  return ranks;
}

}  // namespace reprise
