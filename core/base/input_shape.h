// What one sample is to a network, a device or a data set. Free of LibTorch, so
// that settings are checked before any model is made.
#ifndef REPRISE_CORE_BASE_INPUT_SHAPE_H_
#define REPRISE_CORE_BASE_INPUT_SHAPE_H_

#include <cstdint>
#include <string>

namespace reprise {

struct InputShape {
  int64_t channels = 1, height = 1, width = 1;

  friend bool operator==(const InputShape& a, const InputShape& b) {
    return a.channels == b.channels && a.height == b.height &&
           a.width == b.width;
  }
  friend bool operator!=(const InputShape& a, const InputShape& b) {
    return !(a == b);
  }
};

// "3x32x32".
inline std::string TextOf(const InputShape& shape) {
  return std::to_string(shape.channels) + "x" + std::to_string(shape.height) +
         "x" + std::to_string(shape.width);
}

}  // namespace reprise

#endif  // REPRISE_CORE_BASE_INPUT_SHAPE_H_
