// What the training loop is told: a run's settings, resolved for its number of
// ranks.
#ifndef REPRISE_LAUNCH_RUN_PARTS_TRAINING_OPTIONS_H_
#define REPRISE_LAUNCH_RUN_PARTS_TRAINING_OPTIONS_H_

#include <cstdint>

#include "agents/training/training_loop.h"
#include "launch/run/parts/step_sizes.h"
#include "launch/settings/experiment_spec.h"

namespace reprise {

// What learning rates are multiplied by: --lr-scaling.
int64_t LearningRateScale(const ExperimentSpec& spec, int world_size);

// The epochs of each task over which the rate grows to the scaled one: five
// where scaling raises it, unless the user says otherwise, and none beyond the
// epoch in which the regime first changes the rate.
int64_t WarmUpEpochs(const ExperimentSpec& spec, int64_t lr_scale);

// Whether each task begins with the network that had the lowest loss on the
// test sets, as the research code did.
bool SelectsOnTestLoss(const ExperimentSpec& spec);

// The regime is as the settings ask for and may be invalid (Regime::Validate).
// on_phase and device_communicator are the caller's to set.
TrainingOptions TrainingOptionsOf(const ExperimentSpec& spec,
                                  const StepSizes& sizes, int64_t lr_scale);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_RUN_PARTS_TRAINING_OPTIONS_H_
