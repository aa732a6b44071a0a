// A reference to one stored sample: what the epoch order, the rehearsal buffer
// and the batch pass around instead of copies.
#ifndef REPRISE_CORE_BASE_SAMPLE_H_
#define REPRISE_CORE_BASE_SAMPLE_H_

#include <cstddef>
#include <cstdint>

namespace reprise {

struct Sample {
  // One row in the data set's stored type (uint8 image, C*H*W bytes; or fp32).
  // Owned by the data set or by the buffer; see there for its lifetime.
  const std::byte* row = nullptr;
  int32_t label = 0;  // the class, in [0, num_classes)
  int64_t id = 0;     // the row's index in the training set it came from
};

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_SAMPLE_H_
