#include "core/comm/gather_strings.h"

#include <cstdint>
#include <numeric>

#include "core/base/status.h"

namespace reprise {

absl::StatusOr<std::vector<std::string>> GatherStringsOnRank0(
    Communicator& communicator, const std::string& mine) {
  const int world_size = communicator.world_size();
  const int64_t length = static_cast<int64_t>(mine.size());
  std::vector<int64_t> lengths(world_size);
  REPRISE_RETURN_IF_ERROR(
      communicator.AllGather(&length, sizeof(length), lengths.data())->Wait());
  std::vector<int64_t> sent(world_size);
  sent[0] = length;
  if (communicator.rank() != 0) lengths.assign(world_size, 0);
  std::string all(std::accumulate(lengths.begin(), lengths.end(), int64_t{0}),
                  '\0');
  REPRISE_RETURN_IF_ERROR(
      communicator.AllToAllv(mine.data(), sent, all.data(), lengths)->Wait());
  std::vector<std::string> strings;
  if (communicator.rank() != 0) return strings;
  size_t at = 0;
  for (const int64_t bytes : lengths) {
    strings.push_back(all.substr(at, bytes));
    at += bytes;
  }
  return strings;
}

}  // namespace reprise
