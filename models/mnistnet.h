// MNISTNet (input 1x28x28): conv 1-32 k3, maxpool 2, relu, conv 32-64 k3,
// dropout2d 0.5, maxpool 2, relu, flatten 1600, fc 50 (features), relu, dropout
// 0.5, fc K. 99,376 parameters at K = 10.
//
// Deviation in order only: dropout2d scales whole channels by a factor that is
// not negative, so it commutes with max-pooling and relu, and is applied after
// them, to a quarter of the elements; the result is the same bit for bit.
#ifndef REPRISE_MODELS_MNISTNET_H_
#define REPRISE_MODELS_MNISTNET_H_

#include <memory>

#include "models/model.h"

namespace reprise {

std::unique_ptr<Model> MakeMnistNet(const ModelOptions& options);

}  // namespace reprise

#endif  // REPRISE_MODELS_MNISTNET_H_
