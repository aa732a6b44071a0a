// Batch normalisation for tests that compare gradients.
#ifndef REPRISE_MODELS_TESTING_POSITIVE_NORMS_H_
#define REPRISE_MODELS_TESTING_POSITIVE_NORMS_H_

#include "models/parameter_store.h"

namespace reprise {

// Gives each batch normalisation the scale 0.2 and the shift 2: normalised
// values are positive then, so that no rounding moves one across relu's kink,
// where a gradient jumps; and no block's last scale is 0, which would hide the
// block. Networks without batch normalisation stay as they are.
void MakeNormsPositive(ParameterStore& parameters);

}  // namespace reprise

#endif  // REPRISE_MODELS_TESTING_POSITIVE_NORMS_H_
