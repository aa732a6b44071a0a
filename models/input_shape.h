// The inputs of the networks of model_table.h: their Model::input_shape().
#ifndef REPRISE_MODELS_INPUT_SHAPE_H_
#define REPRISE_MODELS_INPUT_SHAPE_H_

#include "core/base/input_shape.h"

namespace reprise {

inline constexpr InputShape kMnistNetInput = {1, 28, 28};
inline constexpr InputShape kResNetInput = {3, 32, 32};
inline constexpr InputShape kCandleNetInput = {1, 1, 60483};

}  // namespace reprise

#endif  // REPRISE_MODELS_INPUT_SHAPE_H_
