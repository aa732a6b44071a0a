// Adasum (Maleki et al. 2020, "Scaling Distributed Training with Adaptive
// Summation"): combines the ranks' gradients so that what they have in common
// is averaged and what is orthogonal is added. It is not the exact mean.
//
// Of two gradients a, b of one parameter tensor, dot products in fp64:
//
//   Adasum(a, b) = (1 - a.b / (2 |a|^2)) a + (1 - a.b / (2 |b|^2)) b
//
// and the other one where one is zero. Of W ranks, P the largest power of two
// up to W: rank P + i first combines into rank i; then at distance 1, 2, 4, ...
// rank r < P with rank r XOR distance; the ranks from P on get the result.
//
// For reference, not for speed: partners exchange their whole vectors and both
// compute the same, log2(P) vectors sent by each rank (halves of halves would
// be less than 2), after backward, not during it. The same bytes on all ranks.
#ifndef REPRISE_CORE_COMM_ADASUM_H_
#define REPRISE_CORE_COMM_ADASUM_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/comm/communicator.h"
#include "core/comm/transport.h"

namespace reprise {

class Adasum {
 public:
  // `sizes`: elements of each parameter, which lie one after the other in
  // `flat`, of type kFloat32 or kFloat64, in host memory that outlives this.
  // The same on all ranks. Holds a second vector.
  Adasum(Communicator& communicator, std::vector<int64_t> sizes, void* flat,
         DType dtype);
  Adasum(const Adasum&) = delete;

  // Collective: `flat` holds this rank's gradient, then the combined one. The
  // communicator's error, if it failed.
  absl::Status Combine();

 private:
  // Sends flat_ to rank `to` and receives into received_ from rank `from`; -1:
  // no one. Every rank takes part.
  absl::Status Exchange(int to, int from);
  // Combines flat_ with received_, which is a rank's with a higher number or a
  // lower one.
  void CombineWithReceived(bool received_is_higher);

  Communicator& communicator_;
  const std::vector<int64_t> sizes_;
  char* const flat_;
  const DType dtype_;
  std::vector<char> received_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_ADASUM_H_
