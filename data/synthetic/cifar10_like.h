// A stand-in for CIFAR-10 where there is none: images of the same shape, type
// and number that a network can learn, harder than separating class means.
//
// A class has ten prototypes of smooth colour. A sample is one of them, moved
// by up to 5 pixels, enlarged or reduced by up to 31 %, each channel faded on
// its own, mixed with a prototype of another class at up to 62 % strength, and
// noisy; half of the samples are mirror images, so the standard augmentation
// (shifts of 4 pixels, flips) makes what might be other samples of the class.
//
// Measured with seed 42 (and on CIFAR-10, a JPEG re-encoding of it): right for
// the test samples are the nearest class mean in 28 % (28 %), the nearest of
// 20,000 training samples, reduced to 8x8, in 97 % (34 %), and ridge regression
// on 400 random features of 5x5 patches, from 8,000 samples, in 80 % (52 %).
#ifndef REPRISE_DATA_SYNTHETIC_CIFAR10_LIKE_H_
#define REPRISE_DATA_SYNTHETIC_CIFAR10_LIKE_H_

#include <cstdint>

#include "data/dataset.h"

namespace reprise {

// Classes alternate: sample i has label i mod 10. Counts are positive; the
// defaults are CIFAR-10's sizes (60,000 images, 1.1 s on one core). name is
// "cifar10" and generated is true. A function of its arguments on every
// machine.
DatasetPair GenerateCifar10Like(uint64_t seed, int64_t train_per_class = 5000,
                                int64_t test_per_class = 1000);

}  // namespace reprise

#endif  // REPRISE_DATA_SYNTHETIC_CIFAR10_LIKE_H_
