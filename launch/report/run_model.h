// What a report shows of one run, as JSON: computed here, drawn by the page.
//
//   name, folder      of the run; its last component, its path
//   id                of the run; null where run.json has none
//   state             RunStateName: "finished", "running", "failed",
//                     "unfinished"
//   error             that it ended with; null
//   position          "task 2 of 5, epoch 1, step 30"; null
//   started           text of run.json; null
//   experiment, agent, model, dataset   texts; null
//   generated_data    bool; null
//   seed              text, since JavaScript has no integers of 64 bits; null
//   world_size, num_tasks, epochs_per_task   integers; null
//   incoming_samples, training_seconds, images_per_second, overlap_share
//                     of the whole run; of one without end of its epochs so
//                     far (overlap_share null)
//   heads             HeadJson (core/metrics/summary/head_json.h) each;
//                     "tests": [{task, test_task, epoch, top1}], all that the
//                     run made; "confusion", of the last task that has it:
//                     {task, classes: how many, true_classes,
//                     predicted_classes: texts, "none" last, counts[i][j]: test
//                     samples of true class i taken for predicted class j},
//                     without texts and counts where there are too many; null
//   epochs            of each train_epoch record its fields, timing among them,
//                     and images_per_second
//   steps             [{epochs: how many had been trained, loss: of the epoch
//                     so far, on rank 0}], evenly spaced
//   phases            names; phase_seconds: of the run by name, null before its
//                     end
//   tasks             [{task, agent: {by_class, by_rank, scalars}, seconds}]
//   ranks             [{rank, host, device, cores, threads}]; none where
//                     run.json has none
//   settings          [{name, value: text, origin}]
//   provenance        [{name, value: text or null}]
//
// What the folder does not say is null, never 0.
#ifndef REPRISE_LAUNCH_REPORT_RUN_MODEL_H_
#define REPRISE_LAUNCH_REPORT_RUN_MODEL_H_

#include "launch/report/run_folder.h"
#include "nlohmann/json.hpp"

namespace reprise {

nlohmann::ordered_json RunModel(const RunFolder& run);

}  // namespace reprise

#endif  // REPRISE_LAUNCH_REPORT_RUN_MODEL_H_
