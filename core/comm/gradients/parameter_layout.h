// Where the parameters of a network lie in flat vectors: the one place that
// knows. Vectors of values (parameters, optimizer states):
//
//   [parameter 0 | 0.. | parameter 1 | 0.. | ... | parameter n-1 | 0..]
//
// and of gradients, led by the sum S of sample weights that is reduced with
// them:
//
//   [S 0.. | parameter 0 | 0.. | ... | parameter n-1 | 0..]
//
// Each parameter's slot, and so each bucket of whole slots, begins at a
// multiple of kAlignment elements: 128 bytes in fp32, 64 in 16 bits. Copies of
// slots are then vectorised, and NCCL, which looks at its pointers modulo 16,
// keeps its fast path. What pads a slot is zero and stays so: optimizers, sums
// over ranks and Adasum make zero of zero (but for an epsilon of 0, which makes
// 0 / 0 of it: nobody may read it). MNISTNet is 0.06 % longer for it, with S;
// larger networks less.
#ifndef REPRISE_CORE_COMM_GRADIENTS_PARAMETER_LAYOUT_H_
#define REPRISE_CORE_COMM_GRADIENTS_PARAMETER_LAYOUT_H_

#include <cstdint>
#include <vector>

namespace reprise {

class ParameterLayout {
 public:
  static constexpr int64_t kAlignment = 32;  // elements
  // Of vectors of gradients: S, and where parameter 0 begins.
  static constexpr int64_t kWeightSum = 0;
  static constexpr int64_t kLead = kAlignment;

  // `sizes`: elements of each parameter, none negative.
  explicit ParameterLayout(const std::vector<int64_t>& sizes);

  int64_t num_parameters() const { return static_cast<int64_t>(sizes_.size()); }
  int64_t size(int64_t parameter) const { return sizes_[parameter]; }
  // Its first element in a vector of values, where the next one's slot begins
  // (num_parameters() too: the end of the vector).
  int64_t offset(int64_t parameter) const { return offsets_[parameter]; }
  // The same in a vector of gradients.
  int64_t gradient_offset(int64_t parameter) const {
    return kLead + offsets_[parameter];
  }

  // Elements of all parameters, without padding.
  int64_t num_values() const { return num_values_; }
  // Elements of a vector of values and of one of gradients.
  int64_t length() const { return offsets_.back(); }
  int64_t gradients_length() const { return kLead + offsets_.back(); }

 private:
  const std::vector<int64_t> sizes_;
  std::vector<int64_t> offsets_ = {0};
  int64_t num_values_ = 0;
};

}  // namespace reprise

#endif  // REPRISE_CORE_COMM_GRADIENTS_PARAMETER_LAYOUT_H_
