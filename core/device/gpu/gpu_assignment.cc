#include "core/device/gpu/gpu_assignment.h"

#include <cstddef>
#include <map>
#include <set>

namespace reprise {
namespace {

// Kuhn's algorithm: a rank takes its first GPU that is free, or one whose rank
// can take another.
class Matching {
 public:
  explicit Matching(const std::vector<std::vector<std::string>>& visible)
      : visible_(visible), taken_(visible.size(), -1) {}

  bool Place(size_t rank) {
    std::set<std::string> tried;
    return Place(rank, tried);
  }
  const std::vector<int>& taken() const { return taken_; }

 private:
  bool Place(size_t rank, std::set<std::string>& tried) {
    const std::vector<std::string>& gpus = visible_[rank];
    for (const bool free : {true, false}) {
      for (size_t number = 0; number < gpus.size(); ++number) {
        const auto owner = owner_.find(gpus[number]);
        if (free != (owner == owner_.end())) continue;
        if (!free && (!tried.insert(gpus[number]).second ||
                      !Place(owner->second, tried))) {
          continue;
        }
        owner_[gpus[number]] = rank;
        taken_[rank] = static_cast<int>(number);
        return true;
      }
    }
    return false;
  }

  const std::vector<std::vector<std::string>>& visible_;
  std::vector<int> taken_;
  std::map<std::string, size_t> owner_;
};

}  // namespace

std::vector<int> AssignGpus(
    const std::vector<std::vector<std::string>>& visible) {
  Matching matching(visible);
  std::vector<size_t> sharing;
  for (size_t rank = 0; rank < visible.size(); ++rank) {
    if (!matching.Place(rank)) sharing.push_back(rank);
  }
  std::vector<int> taken = matching.taken();
  std::map<std::string, int> load;
  for (size_t rank = 0; rank < visible.size(); ++rank) {
    if (taken[rank] >= 0) ++load[visible[rank][taken[rank]]];
  }
  for (const size_t rank : sharing) {
    const std::vector<std::string>& gpus = visible[rank];
    for (size_t number = 0; number < gpus.size(); ++number) {
      if (taken[rank] < 0 || load[gpus[number]] < load[gpus[taken[rank]]]) {
        taken[rank] = static_cast<int>(number);
      }
    }
    if (taken[rank] >= 0) ++load[gpus[taken[rank]]];
  }
  return taken;
}

}  // namespace reprise
