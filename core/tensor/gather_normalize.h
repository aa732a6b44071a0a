// Network input from stored rows: gathers rows by pointer, normalises and
// converts in one pass, straight into the batch. Rows of the data set and of
// the rehearsal buffer are read where they lie; nothing is staged.
#ifndef REPRISE_CORE_TENSOR_GATHER_NORMALIZE_H_
#define REPRISE_CORE_TENSOR_GATHER_NORMALIZE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/tensor/element.h"

namespace reprise {

// How uint8 rows [C, H, W] become network input.
struct ImageNormalization {
  int64_t channels = 1;  // C
  int64_t pixels = 1;    // H * W
  double scale = 255.0;
  std::vector<double> mean;    // [C], after division by scale
  std::vector<double> stddev;  // [C], positive
};

class ImageGatherer {
 public:
  explicit ImageGatherer(const ImageNormalization& normalization);

  // out[i, p, c] = (rows[i][c, p] / scale - mean[c]) / stddev[c], rounded once
  // from double to `element`; `out` holds [n, H * W, C] (NHWC, which is NCHW
  // when C = 1). Thread-safe.
  void Gather(const std::vector<const std::byte*>& rows, Element element,
              void* out) const;

 private:
  template <typename T>
  void GatherAs(const std::vector<const std::byte*>& rows,
                const std::vector<T>& table, T* out) const;

  int64_t channels_, pixels_;
  // One value per channel and byte, [C, 256]: exact, and as fast as arithmetic
  // at one load a pixel.
  std::vector<uint16_t> bfloat16_table_;
  std::vector<float> float_table_;
  std::vector<double> double_table_;
};

}  // namespace reprise

#endif  // REPRISE_CORE_TENSOR_GATHER_NORMALIZE_H_
