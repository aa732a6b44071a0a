// CANDLENet (input 1x60483, the NT3 benchmark of CANDLE): conv1d 1-128 k20,
// relu, maxpool 1, conv1d 128-128 k10, relu, maxpool 10, flatten 773760, fc
// 200, relu, dropout 0.1, fc 20 (features), relu, fc K. 154,922,918 parameters
// at two classes, 154,752,200 of them in the first fully connected layer.
//
// Max-pooling over one element does nothing and is left out.
#ifndef REPRISE_MODELS_CANDLENET_H_
#define REPRISE_MODELS_CANDLENET_H_

#include <memory>

#include "models/model.h"

namespace reprise {

// Inputs are [n, 1, 1, 60483].
std::unique_ptr<Model> MakeCandleNet(const ModelOptions& options);

}  // namespace reprise

#endif  // REPRISE_MODELS_CANDLENET_H_
