// What one sample is to a network. Free of LibTorch, so that settings are
// checked before any model is made.
#ifndef REPRISE_MODELS_INPUT_SHAPE_H_
#define REPRISE_MODELS_INPUT_SHAPE_H_

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

// Of the models of model_table.h: their Model::input_shape().
inline constexpr InputShape kMnistNetInput = {1, 28, 28};
inline constexpr InputShape kResNetInput = {3, 32, 32};
inline constexpr InputShape kCandleNetInput = {1, 1, 60483};

}  // namespace reprise

#endif  // REPRISE_MODELS_INPUT_SHAPE_H_
