#include "launch/run/ranks/rank_summary.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/cores.h"
#include "launch/process/threads/core_binding.h"
#include "launch/run/ranks/packed_json.h"
#include "nlohmann/json.hpp"
#include "re2/re2.h"

namespace reprise {
namespace {

// "cuda:3 (Tesla P100)" is one of several "cuda (Tesla P100)".
std::string KindOf(const std::string& device) {
  static const RE2& index = *new RE2("^(\\w+):\\d+");
  std::string kind = device;
  RE2::Replace(&kind, index, "\\1");
  return kind;
}

std::set<int> CoresOf(const std::vector<RankSummary>& ranks) {
  std::set<int> cores;
  for (const RankSummary& rank : ranks) {
    for (const int core : ParseRanges(rank.cores)) cores.insert(core);
  }
  return cores;
}

// The quota of ranks on one host; 0 where it takes nothing away.
double LimitingQuota(const std::vector<RankSummary>& ranks) {
  double quota = 0;
  for (const RankSummary& rank : ranks) quota = std::max(quota, rank.quota);
  return quota < static_cast<double>(CoresOf(ranks).size()) ? quota : 0;
}

std::string DescribeHost(const std::string& host, const std::vector<int>& ranks,
                         const std::vector<RankSummary>& all) {
  std::map<std::string, int> devices;
  std::set<int64_t> threads;
  std::vector<RankSummary> here;
  size_t bound = 0;
  for (const int rank : ranks) {
    here.push_back(all[rank]);
    ++devices[KindOf(all[rank].device)];
    threads.insert(all[rank].threads);
    bound += all[rank].bound;
  }
  std::vector<std::string> kinds;
  for (const auto& [kind, count] : devices) {
    kinds.push_back(count == 1 ? kind : absl::StrCat(count, " x ", kind));
  }
  const std::set<int> cores = CoresOf(here);
  const double quota = LimitingQuota(here);
  const std::string cores_text = RangesOf({cores.begin(), cores.end()});
  const std::string threads_text = absl::StrJoin(threads, " or ");
  const bool one = ranks.size() == 1;
  return absl::StrCat(
      "host ", host, ": ", one ? "rank " : "ranks ", RangesOf(ranks), ", ",
      absl::StrJoin(kinds, " and "), ", ", threads_text,
      threads_text == "1" ? " thread" : " threads", one ? "" : " each",
      cores_text.empty() ? ""
      : bound == 0       ? absl::StrCat(" on cores ", cores_text)
      : bound == ranks.size()
          ? absl::StrCat(", bound to their own of cores ", cores_text)
          : absl::StrCat(", ", bound, " of them bound, on cores ", cores_text),
      quota == 0
          ? ""
          : absl::StrCat(", of which the container's quota allows ", quota));
}

}  // namespace

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RankSummary, host, device, threads, cores,
                                   bound, quota)

std::string PackRank(const RankSummary& rank) { return PackJson(rank); }

absl::StatusOr<RankSummary> UnpackRank(absl::string_view packed) {
  return UnpackJson<RankSummary>(packed, "the summary of a rank");
}

std::string DescribeQuota(const std::vector<RankSummary>& ranks) {
  const double quota = LimitingQuota(ranks);
  if (quota == 0) return "";
  const int cores = static_cast<int>(CoresOf(ranks).size());
  return absl::StrCat("cores: ", WithinQuota(cores, quota), " of ", cores,
                      " (the container's quota is ", quota, ")");
}

std::vector<std::string> DescribeHosts(const std::vector<RankSummary>& ranks) {
  std::vector<std::string> hosts, lines;
  std::map<std::string, std::vector<int>> of_host;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    std::vector<int>& there = of_host[ranks[rank].host];
    if (there.empty()) hosts.push_back(ranks[rank].host);
    there.push_back(static_cast<int>(rank));
  }
  for (const std::string& host : hosts) {
    lines.push_back(DescribeHost(host, of_host[host], ranks));
  }
  return lines;
}

}  // namespace reprise
