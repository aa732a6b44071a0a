// A stand-in for CANDLE's NT3 where there is none: rows of the same shape and
// layout, with values distributed like gene expression (many zeros, the rest
// roughly log-normal), that a network can learn to tell apart.
//
// Of the features, 600 are informative: the class moves their logarithm by 0.7
// to 1.3 of its standard deviation, up or down. The others are noise. A row's
// own 25 % of the informative features carry no signal, so no feature decides
// alone.
//
// All arithmetic is on integers, so the bytes are the same on every machine;
// every row has its own stream (seed, kSyntheticData, task = split, step = 1,
// position = index).
#ifndef REPRISE_DATA_SYNTHETIC_CANDLE_LIKE_H_
#define REPRISE_DATA_SYNTHETIC_CANDLE_LIKE_H_

#include <cstdint>

#include "data/dataset.h"

namespace reprise {

// Classes alternate: row i has label i mod 2. Sizes are positive; the defaults
// are NT3's. name is "candle" and generated is true; element_scale as
// ReadCandle's, fitted on the training rows.
DatasetPair GenerateCandleLike(uint64_t seed, int64_t train_rows = 1120,
                               int64_t test_rows = 280,
                               int64_t features = 60483);

}  // namespace reprise

#endif  // REPRISE_DATA_SYNTHETIC_CANDLE_LIKE_H_
