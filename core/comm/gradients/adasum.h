// Adasum (Maleki et al. 2020, "Scaling Distributed Training with Adaptive
// Summation"): combines the ranks' gradients so that what they have in common
// is averaged and what is orthogonal is added. It is not the exact mean.
//
// Of two gradients a, b of one parameter tensor, dot products in fp64:
//
//   Adasum(a, b) = (1 - a.b / (2 |a|^2)) a + (1 - a.b / (2 |b|^2)) b
//
// and the other one where one is zero. Of W ranks, P the largest power of two
// up to W: rank P + i first combines into rank i; then at distance d = 1, 2, 4,
// ... rank r < P with rank r XOR d; the ranks from P on get the result.
//
// Recursive halving: at distance d partners share out the part of the vector
// that both hold, each sends the other's half, and the 2 d ranks that then hold
// the two vectors between them sum their dot products (an AllGather of three
// numbers a parameter). At the end each of P ranks holds a P-th of the result,
// which doubles on the way back. A rank sends 2 (P - 1) / P of the vector,
// after backward, not during it. The same bytes on all ranks.
#ifndef REPRISE_CORE_COMM_GRADIENTS_ADASUM_H_
#define REPRISE_CORE_COMM_GRADIENTS_ADASUM_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "core/base/dtype.h"
#include "core/comm/communicator.h"
#include "core/comm/gradients/parameter_layout.h"

namespace reprise {

class Adasum {
 public:
  // `flat`: the parameters' gradients as `layout` has vectors of values, of
  // type kFloat32 or kFloat64, in host memory that outlives this. The same
  // layout on all ranks. Holds a second vector, half of one where W is a power
  // of two.
  Adasum(Communicator& communicator, ParameterLayout layout, void* flat,
         DType dtype);
  Adasum(const Adasum&) = delete;

  // Collective: `flat` holds this rank's gradient, then the combined one. The
  // communicator's error, if it failed.
  absl::Status Combine();

 private:
  struct Range {
    int64_t begin = 0, end = 0;  // elements of flat_
    int64_t size() const { return end - begin; }
  };

  // Sends `sent` of flat_ to rank `to` and receives `received.size()` elements
  // from rank `from`, into `into`; -1: no one. Every rank takes part.
  absl::Status Exchange(int to, Range sent, int from, Range received,
                        char* into);
  // Of `mine` of flat_ and what was received for it, with the partner at
  // `distance`; -1: this rank has none, but takes part.
  absl::Status CombineWithReceived(Range mine, int distance, bool takes_part);
  char* At(int64_t element) const;

  Communicator& communicator_;
  const ParameterLayout layout_;
  char* const flat_;
  const DType dtype_;
  std::vector<char> received_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_GRADIENTS_ADASUM_H_
